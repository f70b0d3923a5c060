/** What operators' tools see of a server, from outside: a collector, a scrape, and what providers are told. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Record<string, unknown> }>
}

const traceId = "0af7651916cd43dd8448eb211c80319c"
const caller = "b7ad6b7169203331"
const secret = "what nobody else may read"

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

let upstream: Upstream.Upstream
let server: Penstock.Penstock
beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve))
  upstream = await Upstream.start()
  const { port } = collector.address() as AddressInfo
  server = await Penstock.start({
    config: `
providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: key }
models:
  fast: { targets: [mock/first, mock/second], retry: { max: 0 } }
telemetry: { otlp_endpoint: "http://127.0.0.1:${port}" }
`
  })
})
afterAll(async () => {
  await server?.stop()
  await upstream?.close()
  collector.close()
})

const attribute = (span: Span | undefined, name: string) =>
  Object.values(span?.attributes.find(({ key }) => key === name)?.value ?? {})[0]

describe("traces", () => {
  it("lead from the caller through each attempt to the provider, and hold no content", async () => {
    upstream.next({ status: 500, body: { error: { message: "no" } } }, Upstream.ordinary)
    const answer = await Raw.chat(
      server.url,
      { model: "fast", messages: [{ role: "user", content: secret }] },
      { traceparent: `00-${traceId}-${caller}-01` }
    )
    assert.strictEqual(answer.status, 200)
    const heard = upstream.requests.map(({ headers }) => String(headers["traceparent"]))
    // The last words are said at the end.
    await server.stop()
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
      heard,
      attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`)
    )
    assert.notInclude(told, secret)
    assert.include(told, "gen_ai.client.operation.duration")
  })
})
