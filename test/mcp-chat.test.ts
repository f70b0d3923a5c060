/** MCP tools that a request names: called by the gateway between the turns of one answer. Real servers, every dialect. */
import Anthropic from "@anthropic-ai/sdk"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import OpenAI from "openai"
import { alive } from "../packages/gateway/test/mcp/hub.ts"
import type * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import { calls, files, odd, question, says, start, type ToolLab, weather } from "./support/ToolLab.ts"
import type * as Upstream from "./support/Upstream.ts"
import type * as Wire from "./support/Wire.ts"

let lab: ToolLab
let upstream: Upstream.Upstream
let penstock: Penstock.Penstock
let client: OpenAI
let readNote: Wire.Said
const turns = () => lab.turns()
const ask = (more: object) => Raw.chat(penstock.url, { model: "mock/m", messages: question, ...more })

beforeAll(async () => {
  lab = await start()
  ;({ penstock, readNote, upstream } = lab)
  client = new OpenAI({ baseURL: `${penstock.url}/v1`, apiKey: "none", maxRetries: 0 })
})
afterAll(() => lab.stop())
beforeEach(() => lab.begin())

describe("MCP tools in chat completions", () => {
  it("are offered beside the caller's own, called, and their results given back, in one answer", async () => {
    upstream.next(says({ ...readNote, inputTokens: 100, outputTokens: 10 }), says({ text: ["It is", " swordfish."] }))
    const { headers, json, status } = await ask({ tools: [weather, files], tool_choice: "auto" })
    assert.strictEqual(status, 200, JSON.stringify(json))
    assert.strictEqual(json.choices[0].message.content, "It is swordfish.")
    assert.notProperty(json.choices[0].message, "tool_calls")
    assert.strictEqual(json.choices[0].finish_reason, "stop")
    assert.deepInclude(json.usage, { prompt_tokens: 112, completion_tokens: 15, total_tokens: 127 })
    assert.strictEqual(headers["x-penstock-turns"], "2")
    assert.strictEqual(headers["x-penstock-attempts"], "2")
    assert.strictEqual(headers["x-penstock-cost-usd"], "0.000142")
    const [first, second] = turns()
    const names = first!.json.tools.map((tool: Raw.Loose) => tool.function.name)
    assert.strictEqual(names[0], "weather")
    assert.include(names, "files__read_text_file")
    assert.deepStrictEqual(second!.json.tools, first!.json.tools)
    const [, call, result] = second!.json.messages
    assert.strictEqual(call.tool_calls[0].id, "call_1")
    assert.deepInclude(result, { role: "tool", tool_call_id: "call_1" })
    assert.include(JSON.stringify(result.content), "swordfish")
  })

  it("are called in parallel where the model calls several, each result under its id", async () => {
    upstream.next(
      says(calls(["a", "odd__echo", { said: "one" }], ["b", "odd__echo", { said: "two" }], ["c", "odd__fail", {}])),
      says({})
    )
    assert.strictEqual((await ask({ tools: [odd] })).status, 200)
    const results = turns()[1]!.json.messages.slice(2)
    assert.deepStrictEqual(
      results.map((each: Raw.Loose) => [each.tool_call_id, JSON.stringify(each.content).includes("disk is full")]),
      [
        ["a", false],
        ["b", false],
        ["c", true]
      ]
    )
  })

  it("stream: text of all turns as it comes, tools in comments, one usage, one end", async () => {
    upstream.next(says({ ...readNote, text: ["Let me look."] }), says({ text: ["It is", " swordfish."] }))
    const { body, complete } = await ask({ tools: [files], stream: true, stream_options: { include_usage: true } })
    assert.isTrue(complete)
    const chunks = Raw.chunksOf(body)
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")
    assert.strictEqual(text, "Let me look.\n\nIt is swordfish.")
    assert.notInclude(JSON.stringify(chunks), "tool_calls")
    assert.deepStrictEqual(
      chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []),
      ["stop"]
    )
    assert.strictEqual(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined).length, 1)
    assert.strictEqual(chunks.at(-1).usage.total_tokens, 34)
    assert.isTrue(body.trimEnd().endsWith(": x-penstock-cost-usd: 0.000044"))
    const comments = [...body.matchAll(/^: x-penstock-tool: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? ""))
    assert.deepStrictEqual(
      comments.map(({ server, status, tool }) => [server, tool, status]),
      [
        ["files", "read_text_file", "called"],
        ["files", "read_text_file", "ok"]
      ]
    )
  })

  it("are read by the official client, streamed and whole", async () => {
    const request = { model: "mock/m", messages: [{ role: "user" as const, content: "?" }], tools: [files as never] }
    upstream.next(says(readNote), says({ text: ["swordfish"] }), says(readNote), says({ text: ["swordfish"] }))
    const whole = await client.chat.completions.create(request)
    const streamed = await client.chat.completions.stream(request).finalChatCompletion()
    for (const { choices } of [whole, streamed]) assert.strictEqual(choices[0]!.message.content, "swordfish")
  })

  it("go to every provider: Anthropic and Ollama in their own words", async () => {
    for (const model of ["claude/claude-sonnet-4-5", "llama/llama3"]) {
      upstream.next(says(readNote), says({ text: ["swordfish"] }))
      const { json } = await ask({ model, tools: [files] })
      assert.strictEqual(json.choices?.[0].message.content, "swordfish", JSON.stringify(json))
      assert.include(JSON.stringify(turns().at(-1)!.json.messages), "password of the day")
    }
  })

  it("end at max_turns: the last turn is asked to call nothing, and if it does the answer ends with `length`", async () => {
    upstream.always(says(readNote))
    const { headers, json } = await ask({ tools: [{ ...files, max_turns: 3 }] })
    assert.strictEqual(turns().length, 3)
    assert.strictEqual(json.choices[0].finish_reason, "length")
    assert.strictEqual(headers["x-penstock-turns"], "3")
    assert.deepStrictEqual(
      turns().map(({ json }) => json.tool_choice),
      [undefined, undefined, "none"]
    )
    lab.begin()
    upstream.always(says(readNote))
    await ask({ tools: [files], tool_choice: "required" })
    assert.strictEqual(turns().length, 8)
    assert.deepStrictEqual(
      turns().map(({ json }) => json.tool_choice),
      ["required", "auto", "auto", "auto", "auto", "auto", "auto", "none"]
    )
  })

  it("end the answer at a call of the caller's own tool, and go on when its result comes", async () => {
    upstream.next(
      says({ ...readNote, text: ["First the note."] }),
      says(calls(["mine", "weather", {}], ["ours", "odd__echo", { said: "both" }])),
      says({ text: ["Done."] })
    )
    const tools = [weather, files, odd]
    const first = await ask({ tools })
    const { finish_reason, message } = first.json.choices[0]
    assert.strictEqual(finish_reason, "tool_calls")
    assert.deepStrictEqual(
      message.tool_calls.map(({ function: { name }, id }: Raw.Loose) => [id, name]),
      [["mine", "weather"]]
    )
    const messages = [...question, message, { role: "tool", tool_call_id: "mine", content: "sunny" }]
    const second = await ask({ tools, messages })
    assert.strictEqual(second.json.choices[0].message.content, "Done.")
    const told = turns()[2]!.json.messages
    assert.deepStrictEqual(
      told.map((each: Raw.Loose) => each.tool_call_id ?? each.tool_calls?.map(({ id }: Raw.Loose) => id) ?? each.role),
      ["user", ["call_1"], "call_1", ["mine", "ours"], "ours", "mine"]
    )
    assert.include(JSON.stringify(told), "swordfish")
  })

  it("tell the model of what goes wrong with a tool, and do not fail", async () => {
    upstream.next(
      says({
        tools: [
          { id: "a", name: "odd__echo", args: ["{no json"] },
          { id: "b", name: "odd__echo", args: ["{}"] },
          { id: "c", name: "odd__crash", args: [""] }
        ]
      }),
      says({ text: ["I could not."] })
    )
    const { json } = await ask({ tools: [odd] })
    assert.strictEqual(json.choices[0].message.content, "I could not.")
    const [a, b, c] = turns()[1]!
      .json.messages.slice(2)
      .map(({ content }: Raw.Loose) => JSON.stringify(content))
    assert.include(a, "not a JSON object")
    assert.include(b, "arguments.said")
    assert.include(c, "crash")
  })

  it("are called again after a crash only where the tool says that twice is once", async () => {
    upstream.next(
      says(calls(["a", "mortal__crash-once", {}], ["b", "mortal2__crash-once-and-for-all", {}])),
      says({ text: ["Done."] })
    )
    await ask({
      tools: [
        { type: "mcp", server: "mortal" },
        { type: "mcp", server: "mortal2" }
      ]
    })
    const [a, b] = turns()[1]!
      .json.messages.slice(2)
      .map(({ content }: Raw.Loose) => JSON.stringify(content))
    assert.include(a, "survived")
    assert.notInclude(b, "survived")
  })

  it("are called once for all who send the same Idempotency-Key", async () => {
    upstream.next(says(readNote), says({ text: ["swordfish"] }))
    const body = { model: "mock/m", messages: question, tools: [files] }
    const key = { "idempotency-key": "once-and-for-all" }
    const both = await Promise.all([Raw.chat(penstock.url, body, key), Raw.chat(penstock.url, body, key)])
    const again = await Raw.chat(penstock.url, body, key)
    for (const { json } of [...both, again]) assert.strictEqual(json.choices[0].message.content, "swordfish")
    assert.strictEqual(turns().length, 2)
  })

  it("leave nothing running when the caller leaves: the call is cancelled at its server", async () => {
    upstream.next(says(calls(["a", "odd__hang", {}])))
    const controller = new AbortController()
    const response = await fetch(`${penstock.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "mock/m", messages: question, tools: [odd], stream: true }),
      signal: controller.signal
    })
    const reader = response.body!.getReader()
    let seen = ""
    while (!seen.includes(`"hang","status":"called"`)) seen += new TextDecoder().decode((await reader.read()).value)
    controller.abort()
    await reader.read().catch(() => {})
    const cancelled = async () =>
      (await Raw.send(`${penstock.url}/v1/mcp/servers/odd/tools/cancelled`, { body: { arguments: {} } })).json
        .content[0].text
    while ((await cancelled()) === "[]") await new Promise((resolve) => setTimeout(resolve, 25))
    assert.strictEqual(turns().length, 1)
    assert.isAbove(alive(lab.marker).length, 0)
  })

  it("are refused clearly before a model is asked: unknown, not running, misspelt", async () => {
    const refused = async (tool: object) => {
      const { json, status } = await ask({ tools: [{ type: "mcp", ...tool }] })
      return [status, json.error.param, json.error.message]
    }
    const [unknown, unknownParam, unknownSays] = await refused({ server: "flies" })
    assert.deepStrictEqual([unknown, unknownParam], [404, "tools.0.server"])
    assert.include(unknownSays, 'did you mean "files"?')
    const [noTool, , noToolSays] = await refused({ server: "odd", allowed_tools: ["ecko"] })
    assert.strictEqual(noTool, 404)
    assert.include(noToolSays, 'did you mean "echo"?')
    const [down, , downSays] = await refused({ server: "broken" })
    assert.strictEqual(down, 503)
    assert.include(downSays, "no licence file")
    assert.deepStrictEqual((await refused({})).slice(0, 2), [400, "tools.0.server"])
    assert.deepStrictEqual((await refused({ server: "odd", max_turns: 0 })).slice(0, 2), [400, "tools.0.max_turns"])
    assert.deepStrictEqual((await refused({ server: "odd", tools: [] })).slice(0, 2), [400, "tools.0.tools"])
    assert.strictEqual(turns().length, 0)
  })

  it("of all servers (`*`) are those of the servers that run", async () => {
    upstream.next(says({}))
    assert.strictEqual(
      (await ask({ tools: [{ type: "mcp", server: "*", allowed_tools: ["echo", "read_*"] }] })).status,
      200
    )
    const names = turns()[0]!.json.tools.map((tool: Raw.Loose) => tool.function.name)
    assert.include(names, "odd__echo")
    assert.include(names, "files__read_text_file")
    assert.notInclude(names, "odd__hang")
  })
})

describe("MCP tools in the other dialects", () => {
  it("messages: the official client, streamed and whole", async () => {
    const anthropic = new Anthropic({ baseURL: penstock.url, apiKey: "none", maxRetries: 0 })
    const request = {
      model: "mock/m",
      max_tokens: 100,
      messages: [{ role: "user" as const, content: "?" }],
      tools: [files as never]
    }
    const script = [says({ ...readNote, text: ["Let me look."] }), says({ text: ["swordfish"] })]
    upstream.next(...script, ...script)
    const whole = await anthropic.messages.create(request)
    const streamed = await anthropic.messages.stream(request).finalMessage()
    for (const { content, stop_reason } of [whole, streamed]) {
      assert.strictEqual(stop_reason, "end_turn")
      assert.deepStrictEqual(
        content.map((block) => (block.type === "text" ? block.text : block.type)),
        ["Let me look.", "swordfish"]
      )
    }
  })

  it("responses: the official client, streamed and whole, and a tool of OpenAI's own servers goes through", async () => {
    const request = { model: "mock/m", input: "?", tools: [files as never] }
    upstream.next(says(readNote), says({ text: ["swordfish"] }), says(readNote), says({ text: ["swordfish"] }))
    const whole = await client.responses.create(request)
    assert.strictEqual(whole.output_text, "swordfish")
    const streamed = await client.responses.stream(request).finalResponse()
    assert.include(JSON.stringify(streamed.output), "swordfish")
    assert.deepStrictEqual(
      streamed.output.map(({ type }) => type),
      ["message"]
    )
    assert.strictEqual(streamed.status, "completed")
    const hosted = { type: "mcp", server_label: "docs", server_url: "https://example.test/mcp" }
    upstream.next(says({}))
    assert.strictEqual(
      (await Raw.send(`${penstock.url}/v1/responses`, { body: { model: "mock/m", input: "?", tools: [hosted] } }))
        .status,
      200
    )
  })
})
