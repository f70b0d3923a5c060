/** Runs over HTTP, on the built server: followed, answered, cancelled, and seen by whom they belong to. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"

const own: Readonly<Record<string, string>> = {
  "talk.yaml": `
name: talk
inputs: { text: string }
steps:
  - { id: say, type: llm, model: demo/echo, prompt: "\${input.text}", output: said }
  - { id: tell, type: emit, event: progress, data: { percent: 50 } }
output: said
`,
  "ask.yaml": `
name: ask
steps:
  - id: confirm
    type: approve
    prompt: "Is it right?"
    form: { why: string }
    output: answer
output: "\${answer.why}"
`,
  "again.yaml": `
name: again
steps:
  - id: confirm
    type: approve
    prompt: "And now?"
    timeout: 1s
    on_timeout: fail
    retry: { max: 10, delay: 10ms, on: [timeout] }
    output: answer
output: "\${answer.approved}"
`,
  "form.yaml": `
name: form
steps:
  - id: confirm
    type: approve
    prompt: "<script>alert(1)</script> Is it \\"right\\"?"
    form:
      score: integer
      label: enum(good,bad)
      sure?: boolean
      tags?: string[]
    output: answer
output: "\${answer}"
`,
  "thrift.yaml": `
name: thrift
baseline: [openai/gpt-4o, demo/echo]
steps: [{ id: say, type: llm, model: demo/extract, prompt: "A word. Another word.", output: said }]
output: said
`,
  "no.yaml": `
name: no
steps:
  - id: confirm
    type: approve
    prompt: Buy it?
    form: { score: number, why?: string }
    catch: [{ id: told, type: set, values: { reason: "\${error.reason}" } }]
    output: answer
output: "\${steps.confirm.error.reason}"
`,
  "live.yaml": `
name: live
steps:
  - { id: pause, type: wait, event: go, output: sent }
  - { id: say, type: llm, model: demo/echo, prompt: "word by word by \${sent.word}", output: said }
output: said
`,
  "paid.yaml": `
name: paid
steps:
  - { id: say, type: llm, model: demo/echo, prompt: "some words", output: said }
  - { id: pause, type: wait, event: go }
  - { id: rest, type: set, values: { done: true } }
output: said
`,
  "hold.yaml": `
name: hold
steps:
  - { id: pause, type: wait, event: go, output: sent }
finally:
  - { id: tidy, type: set, values: { done: true } }
output: "\${sent}"
`
}

const admin = "admin-key-of-the-test"
const keys = { alice: "alice-key-of-the-test", bob: "bob-key-of-the-test", carol: "carol-key-of-the-test" }

const config = `
pricing: { overrides: { demo/extract: { input: 1, output: 2 }, demo/echo: { input: 10, output: 20 } } }
server: { auth: keys, admin_key: ${admin} }
keys:
${Object.entries(keys)
  .map(([name, key]) => `  - { name: ${name}, key: ${key}${name === "carol" ? ", models: [demo/extract]" : ""} }`)
  .join("\n")}
`

let server: Penstock.Penstock
let folder: string

beforeAll(async () => {
  folder = Penstock.temporaryFolder()
  for (const [name, text] of Object.entries(own)) fs.writeFileSync(path.join(folder, name), text)
  server = await Penstock.start({ config, args: ["--workflows", folder] })
}, 60_000)

afterAll(async () => {
  await server.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
  readonly json: any
}

const ask = async (where: string, key: string | null = keys.alice, init: RequestInit = {}): Promise<Answer> => {
  const headers = { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...init.headers }
  const response = await fetch(`${server.url}${where}`, { ...init, headers })
  const text = await response.text()
  return { status: response.status, json: text === "" ? undefined : JSON.parse(text) }
}

const post = (where: string, body: unknown, key: string | null = keys.alice) =>
  ask(where, key, { method: "POST", body: JSON.stringify(body) })

const started = async (name: string, input: unknown = {}): Promise<string> =>
  (await post(`/v1/workflows/${name}/runs`, { input })).json.run_id

const until = async (id: string, is: (run: Answer["json"]) => boolean): Promise<Answer["json"]> => {
  for (let tries = 0; tries < 400; tries++) {
    const { json } = await ask(`/v1/runs/${id}`, admin)
    if (is(json)) return json
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run ${id} does not get there`)
}

const waiting = (id: string) => until(id, ({ status }) => status === "waiting")
const ended = (id: string) => until(id, (run) => run.ended_at !== null)

interface Told {
  readonly id: number
  readonly event: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
  readonly data: any
}

/** The events of a stream that ends. */
const events = async (id: string, headers: Record<string, string> = {}): Promise<ReadonlyArray<Told>> => {
  const response = await fetch(`${server.url}/v1/runs/${id}/events`, {
    headers: { authorization: `Bearer ${keys.alice}`, ...headers },
    signal: AbortSignal.timeout(20_000)
  })
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/)
  const frames = (await response.text()).split("\n\n").filter((frame) => frame.startsWith("id: "))
  return frames.map((frame) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(frame)?.[1] ?? ""
    return { id: Number(field("id")), event: field("event"), data: JSON.parse(field("data")) }
  })
}

describe("a run's events", () => {
  it("have rising ids, name run and step, bring tokens live, and end with the run", async () => {
    const id = await started("live")
    await waiting(id)
    const listening = events(id)
    await post(`/v1/runs/${id}/signals/go`, { word: "word" })
    const told = await listening
    assert.deepStrictEqual(
      told.flatMap(({ event }) => (event === "token" ? [] : [event])),
      ["run.started", "step.started", "step.finished", "step.started", "step.finished", "run.finished"]
    )
    assert.deepStrictEqual([told[1]?.data.run_id, told[1]?.data.step, told[1]?.data.event], [id, "pause", "go"])
    for (const [at, { id }] of told.entries()) assert.isAbove(id, told[at - 1]?.id ?? 0)
    const tokens = told.filter(({ event }) => event === "token")
    assert.isAbove(tokens.length, 1)
    assert.isTrue(tokens.every(({ data }) => data.step === "say"))
    assert.strictEqual(tokens.map(({ data }) => data.text).join(""), told.at(-1)?.data.output)
  })

  it("are told again from behind Last-Event-ID, and 204 says that nothing is left", async () => {
    const id = await started("talk", { text: "word by word by word" })
    await ended(id)
    const all = await events(id)
    assert.includeMembers(
      all.map(({ event }) => event),
      ["step.finished", "progress", "run.finished"]
    )
    assert.deepStrictEqual(all.find(({ event }) => event === "progress")?.data.data, { percent: 50 })
    const rest = await events(id, { "last-event-id": String(all[1]?.id) })
    assert.deepStrictEqual(rest, all.slice(2))
    const last = String(all.at(-1)?.id)
    const nothing = await ask(`/v1/runs/${id}/events`, keys.alice, { headers: { "last-event-id": last } })
    assert.strictEqual(nothing.status, 204)
  })
})

describe("an approval", () => {
  it("is refused while its form does not hold, taken once, and then gone", async () => {
    const id = await started("ask")
    const run = await waiting(id)
    assert.strictEqual(run.steps[0].waiting.prompt, "Is it right?")
    const where = `/v1/runs/${id}/signals/confirm`
    for (const body of [{}, { approved: "yes" }, { approved: true }, { approved: true, why: 7 }]) {
      const { json, status } = await post(where, body)
      assert.deepStrictEqual([status, json.error.code], [422, "invalid_form"], JSON.stringify(body))
    }
    assert.strictEqual((await post(where, { approved: true, why: "it is" })).status, 202)
    assert.strictEqual((await ended(id)).output, "it is")
    assert.strictEqual((await post(where, { approved: true, why: "again" })).status, 409)
  })

  it("is given without a key by whoever has its address, once, and nothing else is", async () => {
    const [id, other] = [await started("ask"), await started("ask")]
    const run = await waiting(id)
    await waiting(other)
    const { signal } = run.steps[0].waiting
    const listening = await fetch(`${server.url}/v1/runs/${id}/events`, {
      headers: { authorization: `Bearer ${keys.alice}` }
    })
    const reader = listening.body!.getReader()
    let heard = ""
    while (!heard.includes('"waiting"')) heard += Buffer.from((await reader.read()).value ?? []).toString()
    await reader.cancel()
    assert.include(heard, JSON.stringify(signal))
    const answer = { approved: true, why: "by mail" }
    assert.strictEqual((await post(signal.replace(id, other), answer, null)).status, 403)
    assert.strictEqual((await post(`${signal}x`, answer, null)).status, 403)
    assert.strictEqual((await post(signal.replace(/\?.*/, ""), answer, null)).status, 401)
    assert.strictEqual((await post(signal, { approved: true }, null)).status, 422)
    const both = await Promise.all([post(signal, answer, null), post(signal, answer, null)])
    assert.deepStrictEqual(both.map(({ status }) => status).sort(), [202, 409])
    assert.strictEqual((await ended(id)).output, "by mail")
  })

  it("is given at the address of a further attempt too", async () => {
    const id = await started("again")
    const second = ({ path, waiting }: { readonly path: string; readonly waiting: unknown }) =>
      path === "steps/confirm~2" && waiting !== null
    const run = await until(id, ({ steps }) => steps.some(second))
    const { signal } = run.steps.find(second).waiting
    assert.strictEqual((await post(signal, { approved: true }, null)).status, 202)
    assert.strictEqual((await ended(id)).output, true)
  })

  it("is a page for a person with a browser: shown as often as it is opened, answered once", async () => {
    const id = await started("form")
    const { signal } = (await waiting(id)).steps[0].waiting
    const open = (address: string) => fetch(`${server.url}${address}`, { headers: { accept: "text/html,*/*" } })
    const send = (fields: Record<string, string>) =>
      fetch(`${server.url}${signal}`, {
        method: "POST",
        headers: { origin: server.url },
        body: new URLSearchParams(fields)
      })
    for (let times = 0; times < 2; times++) {
      const page = await open(signal)
      assert.strictEqual(page.status, 200)
      assert.include(page.headers.get("content-security-policy"), "default-src 'none'")
      assert.strictEqual(page.headers.get("cache-control"), "no-store")
      const html = await page.text()
      assert.include(html, "&lt;script&gt;alert(1)&lt;/script&gt; Is it &quot;right&quot;?")
      assert.notInclude(html, "<script")
      assert.match(html, /name="field:score" type="number"/)
      assert.match(html, /<option value="good">good<\/option>/)
    }
    const { json: asked } = await ask(signal, null)
    assert.deepInclude(asked, { run_id: id, workflow: "form", step: "steps/confirm" })
    assert.strictEqual(asked.waiting.signal, signal)

    const wrong = await send({ approved: "true", "field:score": "7.5", "field:label": "good", "field:tags": '"<b>' })
    assert.strictEqual(wrong.status, 422)
    const again = await wrong.text()
    assert.include(again, "tags is not JSON")
    assert.include(again, "&quot;&lt;b&gt;</textarea>")
    const against = await send({ approved: "true", "field:score": "7.5", "field:label": "good" })
    assert.strictEqual(against.status, 422)
    assert.include(await against.text(), "score")
    assert.strictEqual((await open(signal.replace(/token=./, "token=_"))).status, 403)

    // The Enter key in a field decides nothing.
    const undecided = await send({ "field:score": "7", "field:label": "good" })
    assert.deepStrictEqual([undecided.status, (await undecided.text()).includes("Choose to approve")], [422, true])

    const taken = await send({ approved: "true", "field:score": "7", "field:label": "good", "field:sure": "false" })
    assert.deepStrictEqual([taken.status, (await taken.text()).includes("<h1>Approved</h1>")], [200, true])
    assert.deepStrictEqual((await ended(id)).output, { approved: true, score: 7, label: "good", sure: false })
    for (const late of [await open(signal), await send({ approved: "false" })]) {
      assert.strictEqual(late.status, 409)
      assert.include(await late.text(), "It was answered before")
    }
  })

  it("may be refused on the page, with the reason in a field that need not be filled in", async () => {
    const id = await started("no")
    const { signal } = (await waiting(id)).steps[0].waiting
    const body = new URLSearchParams({ approved: "false", "field:why": "too dear", "field:score": "" })
    const page = await fetch(`${server.url}${signal}`, { method: "POST", headers: { origin: server.url }, body })
    assert.deepStrictEqual([page.status, (await page.text()).includes("<h1>Rejected</h1>")], [200, true])
    const run = await ended(id)
    assert.deepStrictEqual(run.output, "rejected")
    const events = await (
      await fetch(`${server.url}/v1/runs/${id}/events`, { headers: { authorization: `Bearer ${admin}` } })
    ).text()
    assert.include(events, "rejected")
    const early = await fetch(`${server.url}/v1/runs/${id}/signals/nobody`, {
      headers: { accept: "text/html", authorization: `Bearer ${admin}` }
    })
    assert.include(await early.text(), "There is nothing to answer")
  })

  it("that is refused ends the run as rejected", async () => {
    const id = await started("ask")
    await waiting(id)
    assert.strictEqual((await post(`/v1/runs/${id}/signals/confirm`, { approved: false })).status, 202)
    assert.strictEqual((await ended(id)).status, "rejected")
  })

  it("under a name that nothing waits for is 404, with the name that was probably meant", async () => {
    const id = await started("ask")
    const { json, status } = await post(`/v1/runs/${id}/signals/confrim`, { approved: true, why: "" })
    assert.strictEqual(status, 404)
    assert.include(json.error.message, 'did you mean "confirm"?')
  })
})

describe("a run", () => {
  it("of a file that names a baseline tells what its tokens would have cost there, and what was saved", async () => {
    const id = await started("thrift")
    const { metrics, steps } = await ended(id)
    assert.deepStrictEqual([metrics.steps[0].model, steps[0].model], ["demo/extract", "demo/extract"])
    assert.isAbove(metrics.total_cost_usd, 0)
    assert.strictEqual(metrics.baseline, "demo/echo")
    assert.closeTo(metrics.baseline_usd, 10 * metrics.total_cost_usd, 1e-12)
    assert.closeTo(metrics.saved_usd, 9 * metrics.total_cost_usd, 1e-12)
  })

  it("that is under way has the metrics of the steps that have begun, as they stand", async () => {
    const id = await started("paid")
    const { metrics } = await waiting(id)
    assert.deepStrictEqual(
      metrics.steps.map(({ id, status }: { readonly id: string; readonly status: string }) => [id, status]),
      [
        ["say", "succeeded"],
        ["pause", "waiting"]
      ]
    )
    assert.isAbove(metrics.total_tokens, 0)
    assert.strictEqual(metrics.total_tokens, metrics.steps[0].tokens)
    await post(`/v1/runs/${id}/signals/go`, {})
    assert.strictEqual((await ended(id)).metrics.total_tokens, metrics.total_tokens)
  })

  it("that is deleted is cancelled, and what runs finally does", async () => {
    const id = await started("hold")
    await waiting(id)
    const { json, status } = await ask(`/v1/runs/${id}`, keys.alice, { method: "DELETE" })
    assert.deepStrictEqual([status, json.run_id], [202, id])
    const run = await ended(id)
    assert.strictEqual(run.status, "cancelled")
    assert.include(
      run.steps.map((step: { readonly id: string }) => step.id),
      "tidy"
    )
    assert.strictEqual((await ask(`/v1/runs/${id}`, keys.alice, { method: "DELETE" })).status, 409)
  })

  it("is seen by its own key and the admin, and is not there for others", async () => {
    const id = await started("hold")
    await waiting(id)
    const others = [
      await ask(`/v1/runs/${id}`, keys.bob),
      await ask(`/v1/runs/${id}/events`, keys.bob),
      await ask(`/v1/runs/${id}`, keys.bob, { method: "DELETE" }),
      await post(`/v1/runs/${id}/signals/go`, {}, keys.bob)
    ]
    assert.deepStrictEqual(
      others.map(({ status }) => status),
      [404, 404, 404, 404]
    )
    assert.strictEqual((await ask("/v1/runs", null)).status, 401)
    assert.deepStrictEqual((await ask("/v1/runs", keys.bob)).json, { runs: [], next: null })
    assert.strictEqual((await ask(`/v1/runs/${id}`, admin)).json.key_name, "alice")
    const first = await ask("/v1/runs?limit=1", keys.alice)
    assert.strictEqual(first.json.runs[0].run_id, id)
    assert.notStrictEqual((await ask(`/v1/runs?limit=1&cursor=${first.json.next}`)).json.runs[0].run_id, id)
    await post(`/v1/runs/${id}/signals/go`, {}, admin)
    assert.strictEqual((await ended(id)).status, "succeeded")
  })

  it("is metered under its caller's key, and may use what that key may use", async () => {
    const { json, status } = await post("/v1/workflow/talk", { input: { text: "on whose account?" } }, keys.bob)
    assert.strictEqual(status, 200, JSON.stringify(json))
    const { requests } = (await ask("/v1/requests?workflow=talk&key=bob", admin)).json
    assert.strictEqual(requests.length, 1)
    const carol = await post("/v1/workflow/talk", { input: { text: "not on mine" } }, keys.carol)
    assert.deepStrictEqual([carol.status, carol.json.error.code, carol.json.error.step], [502, "authentication", "say"])
    const asModel = { model: "workflow/talk", messages: [{ role: "user", content: "nor so" }] }
    assert.strictEqual((await post("/v1/chat/completions", asModel, keys.carol)).status, 403)
  })
})
