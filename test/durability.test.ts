/**
 * A run whose server is killed at every step: when it is about to make a call, while it waits for a time, while it waits
 * for a person. What had ended is never called again, and the output is that of a run that nobody disturbed.
 */
import { afterAll, assert, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import * as Upstream from "./support/Upstream.ts"
import type * as Wire from "./support/Wire.ts"

const main = `name: main
steps:
  - { id: first, type: llm, model: mock/m, prompt: call first, output: a }
  - { id: each, type: foreach, in: "\${[1, 2]}", steps: [{ id: item, type: llm, model: mock/m, prompt: "call item \${item}", output: x }], output: items }
  - { id: find, type: agent, model: mock/m, prompt: call agent, tools: ["workflow:lookup"], max_turns: 4, output: found }
  - { id: pause, type: wait, for: 2s }
  - { id: ok, type: approve, prompt: "Go on?", form: { note: string }, output: answer }
  - id: trip
    type: workflow
    uses: trip
    catch: [{ id: told, type: set, values: { why: "\${error.reason}" } }]
    output: trip
  - { id: last, type: llm, model: mock/m, prompt: "call last \${a} \${items[1]} \${found} \${answer.note} \${steps.trip.error.reason}", output: r }
output: r
`
const lookup = `name: lookup
inputs: { word: string }
steps: [{ id: look, type: llm, model: mock/m, prompt: "call lookup \${input.word}", output: x }]
output: x
`
const trip = `name: trip
steps:
  - { id: flight, type: llm, model: mock/m, prompt: call flight, undo: [{ id: noflight, type: llm, model: mock/m, prompt: undo flight }] }
  - { id: hotel, type: llm, model: mock/m, prompt: call hotel, undo: [{ id: nohotel, type: llm, model: mock/m, prompt: undo hotel }], output: h }
  - { id: car, type: fail, message: none is left, code: sold_out }
output: h
`

/** Each call in its order; `agent 2` is the turn behind the tool. */
const calls = [
  "call first",
  "call item 1",
  "call item 2",
  "agent 1",
  "call lookup x",
  "agent 2",
  "call flight",
  "call hotel",
  "undo hotel",
  "undo flight",
  "call last <call first> <call item 2> <found> fine sold_out"
]

const keyOf = ({ json }: Upstream.Received): string => {
  const { messages } = json
  const text = (message: { content?: unknown }): string =>
    typeof message.content === "string" ? message.content : JSON.stringify(message.content)
  if (text(messages[0]) === "call agent") return messages.length === 1 ? "agent 1" : "agent 2"
  return text(messages.at(-1))
}

const answers: Readonly<Record<string, Wire.Said>> = {
  "agent 1": { tools: [{ id: "c1", name: "workflow__lookup", args: ['{"word":"x"}'] }] },
  "agent 2": { text: ["<found>"] }
}

const folder = fs.realpathSync(Penstock.temporaryFolder())
const cwd = Penstock.temporaryFolder()
afterAll(() => {
  for (const name of [folder, cwd]) fs.rmSync(name, { recursive: true, force: true })
})

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

// oxlint-disable-next-line typescript/no-explicit-any -- the test looks into it by assertion
type Json = any

it("a run goes on after its server was killed at any of its steps, and no step that had ended runs again", async () => {
  for (const [name, text] of Object.entries({ main, lookup, trip }))
    fs.writeFileSync(path.join(folder, `${name}.yaml`), text)
  const upstream = await Upstream.start()
  const config = `providers: { mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: k-12345678, pricing: { input: 1, output: 2 } } }
defaults: { retry: { max: 0 } }
`
  const start = () => Penstock.start({ cwd, config, args: ["--workflows", folder] })
  let server = await start()
  let kills = 0
  /** When the server that runs now listened, and how long after that each call was made again. */
  let listeningSince = performance.now()
  const resumed: Array<number> = []
  // One after the other: a server goes on with its run before the test knows that it has started.
  let ready: Promise<void> = Promise.resolve()
  const killAndStart = (): Promise<void> => {
    kills += 1
    ready = ready.then(async () => {
      await server.stop("SIGKILL")
      server = await start()
      listeningSince = performance.now()
    })
    return ready
  }
  const asked: Array<string> = []
  upstream.always((request) => {
    const key = keyOf(request)
    asked.push(key)
    // The first time it is the server's last act.
    if (asked.filter((one) => one === key).length === 1) {
      void killAndStart()
      return Upstream.eventStream(Upstream.hang)
    }
    resumed.push(performance.now() - listeningSince)
    return Upstream.ordinary(request, answers[key] ?? { text: [`<${key}>`] })
  })
  const ask = async (where: string, body?: unknown): Promise<Json> => {
    await ready
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
    const response = await fetch(`${server.url}${where}`, init)
    return { status: response.status, json: await response.json() }
  }
  const seen = new Set<string>()
  try {
    const { json } = await ask("/v1/workflows/main/runs", { input: {} })
    const id: string = json.run_id
    // The file changes under the run, which keeps the text that it began with.
    fs.writeFileSync(path.join(folder, "main.yaml"), main.replaceAll("call ", "changed "))
    fs.writeFileSync(path.join(folder, "trip.yaml"), trip.replaceAll("call ", "changed "))
    let run: Json = null
    for (let look = 0; look < 1200; look++) {
      await pause(50)
      run = await ask(`/v1/runs/${id}`).then(
        ({ json }) => json,
        // It is being killed.
        () => run
      )
      if (run === null) continue
      if (["succeeded", "failed", "rejected", "cancelled"].includes(run.status)) break
      const waiting: string | undefined = run.steps?.find((step: Json) => step.status === "waiting")?.id
      if (run.status !== "waiting" || waiting === undefined) continue
      if (!seen.has(waiting)) {
        seen.add(waiting)
        await killAndStart()
      } else if (waiting === "ok") {
        await ask(`/v1/runs/${id}/signals/ok`, { approved: true, note: "fine" })
      }
    }
    assert.strictEqual(run?.status, "succeeded", `${JSON.stringify(run)}\n${server.logs()}`)
    assert.strictEqual(run.output, `<${calls.at(-1)}>`)
    // Each was asked for twice: by the server that was killed over it, and by the one that had it answered.
    assert.deepStrictEqual(
      asked,
      calls.flatMap((call) => [call, call])
    )
    assert.deepStrictEqual([...seen], ["pause", "ok"])
    assert.strictEqual(kills, calls.length + 2)
    assert.strictEqual(run.metrics.total_tokens, calls.length * 17)
    // What decides is how long locks of a dead runner are honoured and how often messages are looked for: seconds, on any
    // machine. One that is busy may delay a few.
    const ordered = resumed.toSorted((one, other) => one - other).map((millis) => Math.round(millis))
    console.log(`went on after ${ordered.join(", ")} ms`)
    assert.isAtMost(ordered[ordered.length >> 1] ?? Number.POSITIVE_INFINITY, 5_000)
  } finally {
    await ready
    await server.stop("SIGKILL")
    await upstream.close()
  }
}, 240_000)
