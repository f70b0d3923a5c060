/** What operators' tools see of a server, from outside: a collector, a scrape, and what providers are told. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as path from "node:path"
import { fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import { calls, says } from "./support/ToolLab.ts"
import * as Upstream from "./support/Upstream.ts"

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Record<string, unknown> }>
}

const traceId = "0af7651916cd43dd8448eb211c80319c"
const otherTrace = "1af7651916cd43dd8448eb211c80319c"
const runTrace = "2af7651916cd43dd8448eb211c80319c"
const caller = "b7ad6b7169203331"
const secret = "what nobody else may read"
const shared = "what the collector may read"

const spans: Array<Span> = []
let told = ""
const collector = Http.createServer((request, response) => {
  let text = ""
  request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")))
  request.on("end", () => {
    told += text
    if (request.url === "/v1/traces") {
      const { resourceSpans } = JSON.parse(text)
      for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans)
    }
    response.end("{}")
  })
})

const workflow = `
name: traced
steps:
  - { id: each, type: foreach, in: "\${['a', 'b']}", as: word, steps: [{ id: say, type: llm, model: mock/m, prompt: "\${word}", output: said }], output: words }
  - { id: think, type: agent, model: mock/m, prompt: Go, tools: [odd/*], max_turns: 3, output: thought }
  - { id: ok, type: approve, prompt: Go on?, output: answer }
  - { id: sum, type: llm, model: mock/m, prompt: Sum it up, output: sum }
  - { id: last, type: mcp_tool, server: odd, tool: echo, params: { said: done }, output: done }
output: done
`

/** Started in its caller's trace by one process, and gone on with in another. */
const asked = `
name: asked
steps:
  - { id: ok, type: approve, prompt: Go on?, output: answer }
  - { id: say, type: llm, model: mock/m, prompt: Say it, output: said }
output: said
`

let upstream: Upstream.Upstream
let server: Penstock.Penstock
const cwd = Penstock.temporaryFolder()

const start = ({ content }: { readonly content: boolean }) => {
  const { port } = collector.address() as AddressInfo
  return Penstock.start({
    cwd,
    config: `
providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: key }
models:
  fast: { targets: [mock/first, mock/second], retry: { max: 0 } }
logging: { bodies: redacted }
telemetry: { otlp_endpoint: "http://127.0.0.1:${port}", content: ${content} }
mcp:
  servers:
    odd: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(fixture)}], env: { MARKER: ${newMarker()} } }
`
  })
}

const post = (where: string, body: { readonly [key: string]: unknown }) => Raw.send(`${server.url}${where}`, { body })

const until = async (run: string, status: string) => {
  const where = `${server.url}/v1/runs/${run}`
  for (let tries = 0; tries < 400; tries++) {
    if ((await Raw.send(where)).json.status === status) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run does not become ${status}: ${(await Raw.send(where)).body}`)
}

let answer: Raw.Answer
let heard: ReadonlyArray<string>
let logs: string

/** A request, and a run that begins in one process and ends in the next. What a process has to tell is told at its end. */
beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve))
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(path.join(cwd, "workflows/traced.yaml"), workflow)
  fs.writeFileSync(path.join(cwd, "workflows/asked.yaml"), asked)
  upstream = await Upstream.start()
  server = await start({ content: false })
  upstream.next(
    { status: 500, body: { error: { message: "no" } } },
    Upstream.ordinary,
    says({ text: ["one"] }),
    says({ text: ["two"] }),
    says(calls(["a", "odd__echo", { said: "hello" }])),
    says({ text: ["thought"] }),
    says({ text: ["summed up"] })
  )
  answer = await Raw.chat(
    server.url,
    { model: "fast", messages: [{ role: "user", content: secret }] },
    { traceparent: `00-${traceId}-${caller}-01` }
  )
  const { run_id } = (await post("/v1/workflows/traced/runs", {})).json
  await until(run_id, "waiting")
  const theirs = { traceparent: `00-${runTrace}-${caller}-01` }
  const within = (await Raw.send(`${server.url}/v1/workflows/asked/runs`, { body: {}, headers: theirs })).json.run_id
  await until(within, "waiting")
  await server.stop()
  logs = server.logs()
  server = await start({ content: true })
  await post(`/v1/runs/${run_id}/signals/ok`, { approved: true })
  await until(run_id, "succeeded")
  upstream.next(says({ text: ["said"] }))
  await post(`/v1/runs/${within}/signals/ok`, { approved: true })
  await until(within, "succeeded")
  upstream.next(says({ text: ["a ", "stream"] }), says({ text: ["whole"] }))
  const messages = [
    { role: "system", content: "Be kind" },
    { role: "user", content: shared }
  ]
  for (const stream of [true, false]) {
    await Raw.chat(
      server.url,
      { model: "mock/told", stream, messages },
      { traceparent: `00-${otherTrace}-${caller}-01` }
    )
  }
  await server.stop()
  heard = upstream.requests.map(({ headers }) => String(headers["traceparent"]))
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await upstream?.close()
  collector.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

const attribute = (span: Span | undefined, name: string) =>
  Object.values(span?.attributes.find(({ key }) => key === name)?.value ?? {})[0]

describe("traces", () => {
  it("lead from the caller through each attempt to the provider, and hold no content", () => {
    assert.strictEqual(answer.status, 200)
    const ours = spans.filter((span) => span.traceId === traceId)
    const request = ours.find(({ parentSpanId }) => parentSpanId === caller)
    assert.strictEqual(request?.name, "chat fast")
    assert.strictEqual(attribute(request, "gen_ai.operation.name"), "chat")
    assert.strictEqual(attribute(request, "gen_ai.response.model"), "second")
    assert.strictEqual(attribute(request, "penstock.request.id"), answer.headers["x-request-id"])
    const attempts = ours.filter(({ parentSpanId }) => parentSpanId === request?.spanId)
    assert.deepStrictEqual(
      attempts.map((span) => [attribute(span, "gen_ai.request.model"), attribute(span, "penstock.attempt.outcome")]),
      [
        ["first", "error"],
        ["second", "ok"]
      ]
    )
    assert.strictEqual(attribute(attempts[0], "error.type"), "server")
    assert.deepStrictEqual(
      heard.slice(0, 2),
      attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`)
    )
    assert.notInclude(told, secret)
    assert.include(told, "gen_ai.client.operation.duration")
  })
  it("lead from a run through its steps to models and tools, in whichever process those were asked", () => {
    const root = spans.find((span) => span.name === "invoke_workflow traced")
    const ours = spans.filter((span) => span.traceId === root?.traceId)
    const byId = new Map(ours.map((span) => [span.spanId, span]))
    assert.strictEqual(byId.size, ours.length)
    const way = (span: Span): string => {
      const { parentSpanId } = span
      if (parentSpanId === undefined) return span.name
      const parent = byId.get(parentSpanId)
      return `${parent === undefined ? "?" : way(parent)} > ${span.name}`
    }
    const run = "invoke_workflow traced"
    const chat = "chat mock/m > chat m"
    assert.sameMembers(
      ours.map(way).filter((one) => / (chat m|echo|ok)$/.test(one)),
      [
        `${run} > step each > step say > ${chat}`,
        `${run} > step each > step say > ${chat}`,
        `${run} > step think > step think > ${chat}`,
        `${run} > step think > step think > ${chat}`,
        `${run} > step think > step think > step think > tools/call echo`,
        `${run} > step ok`,
        `${run} > step sum > ${chat}`,
        `${run} > step last > tools/call echo`
      ]
    )
    assert.sameMembers(
      heard.slice(2, 7).map((header) => header.split("-")[2]),
      ours.filter(({ name }) => name === "chat m").map(({ spanId }) => spanId)
    )
  })

  it("of a run lead from whoever started it, where he said so, whichever process ends it", () => {
    const ours = spans.filter((span) => span.traceId === runTrace)
    const run = ours.find(({ parentSpanId }) => parentSpanId === caller)
    assert.strictEqual(run?.name, "invoke_workflow asked")
    const steps = ours.filter(({ parentSpanId }) => parentSpanId === run?.spanId)
    assert.sameMembers(
      steps.map(({ name }) => name),
      ["step ok", "step say"]
    )
    const chat = ours.find(({ name }) => name === "chat m")
    assert.strictEqual(heard[7], `00-${runTrace}-${chat?.spanId}-01`)
  })

  it("hold what was asked and answered only where `telemetry.content` says so, in the words of the conventions", () => {
    const contentOf = (span: Span | undefined) =>
      ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"].map((name) => {
        const value = attribute(span, name)
        return value === undefined ? null : JSON.parse(String(value))
      })
    const text = (content: string) => [{ type: "text", content }]
    const said = (content: string) => [{ role: "assistant", parts: text(content), finish_reason: "stop" }]
    const question = [{ role: "user", parts: text(shared) }]
    const told = spans.filter(({ name, traceId }) => name === "chat mock/told" && traceId === otherTrace)
    assert.deepStrictEqual(told.map(contentOf), [
      [text("Be kind"), question, said("a stream")],
      [text("Be kind"), question, said("whole")]
    ])
    const isOther = ({ traceId }: Span) => traceId === runTrace
    const ofRun = spans.filter((one) => one.name === "chat mock/m" && !isOther(one)).map(contentOf)
    assert.deepStrictEqual(
      ofRun.slice(0, 4),
      Array.from({ length: 4 }, () => [null, null, null])
    )
    assert.deepStrictEqual(ofRun.slice(4), [[null, [{ role: "user", parts: text("Sum it up") }], said("summed up")]])
  })
})

describe("the log", () => {
  it("is a line of JSON for each thing that is said, with the id of the request that it is about", () => {
    const lines = logs
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line): Raw.Loose => JSON.parse(line))
    const ours = lines.filter(({ annotations }) => annotations.request_id === answer.headers["x-request-id"])
    assert.deepStrictEqual(
      ours.map(({ logLevel, message }) => [logLevel, message[0]]),
      [
        ["INFO", "request"],
        ["INFO", "answer"]
      ]
    )
    assert.notInclude(logs, secret)
  })
})
