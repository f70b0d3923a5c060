/** A workflow as a model, on the built server: OpenAI's client, Anthropic's wire, streams, and callers who leave. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import OpenAI, { APIError, NotFoundError } from "openai"
import * as Penstock from "./support/Penstock.ts"

const own: Readonly<Record<string, string>> = {
  "speak.yaml": `
name: speak
inputs: { text: string }
steps:
  - { id: think, type: llm, model: demo/echo, prompt: "first thoughts on \${input.text}", output: thought }
  - { id: say, type: llm, model: demo/echo, prompt: "at last: \${input.text}", output: said }
output: said
`,
  "shape.yaml": `
name: shape
inputs: { question: string }
steps:
  - { id: say, type: set, values: { heard: "\${input.question}" }, output: said }
output: said
`,
  "count.yaml": `
name: count
steps:
  - { id: say, type: set, values: { n: "\${size(input.messages)}" }, output: said }
output: "\${said.n}"
`,
  "closed.yaml": `
name: closed
steps: [{ id: no, type: fail, message: not today, code: closed }]
output: "\${1}"
`,
  "wrong.yaml": `
name: wrong
steps: [{ id: say, type: llm, model: demo/echo, prompt: "\${nothing}", output: said }]
output: said
`,
  "hold.yaml": `
name: hold
steps: [{ id: pause, type: wait, event: go, output: sent }]
output: "\${sent}"
`
}

let server: Penstock.Penstock
let client: OpenAI
let folder: string

beforeAll(async () => {
  folder = Penstock.temporaryFolder()
  for (const [name, text] of Object.entries(own)) fs.writeFileSync(path.join(folder, name), text)
  server = await Penstock.start({ args: ["--workflows", folder] })
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 })
}, 60_000)

afterAll(async () => {
  await server.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

const said = (content: string) => [{ role: "user" as const, content }]

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
const json = async (where: string): Promise<any> => (await fetch(`${server.url}${where}`)).json()

const ended = async (id: string): Promise<string> => {
  for (let tries = 0; tries < 200; tries++) {
    const { ended_at, status } = await json(`/v1/runs/${id}`)
    if (ended_at !== null) return status
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`the run ${id} does not end`)
}

describe("a workflow as a model", () => {
  it("is listed and found among the models", async () => {
    const { data } = await json("/v1/models")
    assert.include(
      data.map(({ id }: { readonly id: string }) => id),
      "workflow/speak"
    )
    assert.strictEqual((await client.models.retrieve("workflow/speak")).owned_by, "penstock")
  })

  it("answers with its output, and with the usage of all of its steps", async () => {
    const answer = await client.chat.completions.create({ model: "workflow/speak", messages: said("water") })
    assert.include(answer.choices[0]?.message.content ?? "", "at last: water")
    assert.notInclude(answer.choices[0]?.message.content ?? "", "first thoughts")
    const { runs } = await json("/v1/runs?workflow=speak&limit=1")
    assert.strictEqual(answer.id.includes(runs[0].run_id), true)
    assert.strictEqual(answer.usage?.total_tokens, runs[0].metrics.total_tokens)
    assert.isAbove(answer.usage?.prompt_tokens ?? 0, 0)
    const { requests } = await json("/v1/requests?workflow=speak")
    assert.strictEqual(requests.length, 2)
  })

  it("is streamed as its last step writes, with progress in comments and nothing of other steps", async () => {
    const pieces: Array<string> = []
    const stream = await client.chat.completions.create({
      model: "workflow/speak",
      messages: said("one two three four"),
      stream: true,
      stream_options: { include_usage: true }
    })
    let usage = 0
    for await (const chunk of stream) {
      const piece = chunk.choices[0]?.delta.content ?? ""
      if (piece !== "") pieces.push(piece)
      usage = chunk.usage?.total_tokens ?? usage
    }
    assert.isAbove(pieces.length, 2)
    assert.include(pieces.join(""), "at last: one two three four")
    assert.notInclude(pieces.join(""), "first thoughts")
    assert.isAbove(usage, 0)
    const raw = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "workflow/speak", messages: said("again"), stream: true })
    })
    const text = await raw.text()
    assert.match(text, /^: x-penstock-run: \{.*"event":"step\.finished","step":"steps\/think"/m)
    assert.include(text, "data: [DONE]")
  })

  it("speaks Anthropic's Messages and OpenAI's Responses as well", async () => {
    const message = await fetch(`${server.url}/v1/messages`, {
      method: "POST",
      body: JSON.stringify({ model: "workflow/speak", max_tokens: 100, messages: said("claude") })
    })
    assert.include(await message.text(), '"text":"at last: claude')
    const response = await client.responses.create({ model: "workflow/speak", input: "respond" })
    assert.include(response.output_text, "at last: respond")
  })

  it("takes the text as the one input that there must be, all messages where it asks, and gives data as JSON", async () => {
    const shaped = await client.chat.completions.create({ model: "workflow/shape", messages: said("why?") })
    assert.deepStrictEqual(JSON.parse(shaped.choices[0]?.message.content ?? ""), { heard: "why?" })
    const counted = await client.chat.completions.create({
      model: "workflow/count",
      messages: [{ role: "system", content: "be brief" }, ...said("one"), ...said("two")]
    })
    assert.strictEqual(counted.choices[0]?.message.content, "3")
  })

  it("fails with a status of its own, or inside the stream once that has begun", async () => {
    const failure = await client.chat.completions
      .create({ model: "workflow/closed", messages: said("open") })
      .then(() => null)
      .catch((error: unknown) => error)
    assert.instanceOf(failure, APIError)
    assert.deepStrictEqual([failure.status, failure.code], [422, "closed"])
    const unknown = await client.chat.completions
      .create({ model: "workflow/speek", messages: said("x"), stream: true })
      .then(() => null)
      .catch((error: unknown) => error)
    assert.instanceOf(unknown, NotFoundError)
    assert.include(unknown.message, "Did you mean speak?")
    const raw = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "workflow/closed", messages: said("open"), stream: true })
    })
    const text = await raw.text()
    assert.include(text, '"code":"closed"')
    assert.notInclude(text, "[DONE]")
  })

  it("is cancelled when its caller leaves", async () => {
    const leave = new AbortController()
    const raw = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "workflow/hold", messages: said("wait"), stream: true }),
      signal: leave.signal
    })
    const reader = raw.body!.getReader()
    let heard = ""
    while (!heard.includes("step.started")) heard += Buffer.from((await reader.read()).value ?? []).toString()
    const id = /run_[0-9a-f]+/.exec(heard)?.[0] ?? ""
    leave.abort()
    assert.strictEqual(await ended(id), "cancelled")
  })
})

describe("POST /v1/explain of a workflow's model", () => {
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
  const explained = async (model: string): Promise<any> => {
    const response = await fetch(`${server.url}/v1/explain`, { method: "POST", body: JSON.stringify({ model }) })
    assert.strictEqual(response.status, 200)
    return response.json()
  }

  it("tells where each step would go and what a run may cost, and sends nothing", async () => {
    const { matched, matched_by, workflow } = await explained("workflow/speak")
    assert.deepStrictEqual([matched_by, matched, workflow.problem], ["workflow", "speak", null])
    assert.strictEqual(workflow.worst_usd, 0)
    assert.deepStrictEqual(
      workflow.steps.map(({ path, type }: { readonly path: string; readonly type: string }) => [path, type]),
      [
        ["steps/think", "llm"],
        ["steps/say", "llm"]
      ]
    )
    const [{ models }] = workflow.steps
    assert.deepInclude(models[0], { model: "demo/echo", matched_by: "provider" })
    assert.deepInclude(models[0].candidates[0], { provider: "demo", kept: true })
  })

  it("says of one that is not there, or cannot be run, why", async () => {
    const absent = await explained("workflow/speek")
    assert.strictEqual(absent.matched_by, "none")
    assert.include(absent.workflow.problem, "Did you mean speak?")
    const wrong = await explained("workflow/wrong")
    assert.deepStrictEqual([wrong.matched_by, wrong.matched, wrong.workflow.steps], ["workflow", "wrong", []])
    assert.include(wrong.workflow.problem, "nothing")
  })
})
