import { assert, describe, it } from "@effect/vitest"
import * as Demo from "@penstock/gateway/providers/demo/DemoTransport"
import { collect, type Receiver } from "@penstock/gateway/providers/Transport"
// oxlint-disable-next-line eslint/no-restricted-imports -- the path that ajv itself documents
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { existsSync, readFileSync } from "node:fs"

interface Delta {
  readonly role?: string
  readonly content?: string | null
  readonly tool_calls?: ReadonlyArray<{ index: number; id?: string; function: { name?: string; arguments: string } }>
}
interface Chunk {
  readonly id: string
  readonly choices: ReadonlyArray<{ index: number; delta: Delta; finish_reason: string | null }>
  readonly usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null
}
interface Call {
  readonly id: string
  readonly function: { readonly name: string; readonly arguments: string }
}
interface Whole {
  readonly id: string
  readonly model: string
  readonly system_fingerprint: string
  readonly choices: ReadonlyArray<{
    finish_reason: string
    message: { content: string | null; tool_calls?: ReadonlyArray<Call> }
  }>
  readonly usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}
interface Failed {
  readonly error: { message: string; type: string; param: string | null; code: string | null }
}

const request = (body: unknown, path = "/chat/completions", method: "GET" | "POST" = "POST") => ({
  method,
  path,
  headers: {},
  body: typeof body === "string" || body === null ? body : JSON.stringify(body)
})

const send = <A>(body: unknown, path?: string, method?: "GET" | "POST") =>
  Effect.map(collect(Demo.make, request(body, path, method)), ({ status, headers, body }) => ({
    status,
    type: headers["content-type"],
    text: body.toString(),
    json: (): A => JSON.parse(body.toString()) as A
  }))

const user = (content: unknown) => ({ role: "user", content })
const ask = (content: unknown, more: object = {}) => ({ model: "echo", messages: [user(content)], ...more })
const whole = (body: object) => Effect.map(send<Whole>(body), (answer) => answer.json())
const content = (body: object) => Effect.map(whole(body), (answer) => answer.choices[0]?.message.content)

/** The chunks of a stream, which must end with `[DONE]`. */
const chunks = (body: object) =>
  Effect.map(send(body), ({ text }) => {
    const frames = text.split("\n\n")
    assert.deepStrictEqual(frames.slice(-2), ["data: [DONE]", ""])
    return frames.slice(0, -2).map((frame) => JSON.parse(frame.slice("data: ".length)) as Chunk)
  })

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The current weather of a place",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
      additionalProperties: false
    }
  }
}
const clock = { type: "function", function: { name: "get_time", description: "The time of day in a city" } }
const mail = { type: "function", function: { name: "send_mail" } }
const question = "What is the weather in Bern, in fahrenheit?"

const asking = (more: object) => ({ model: "extract", messages: [user(question)], tools: [mail, weather], ...more })
const called = (more: object) =>
  Effect.map(whole(asking(more)), ({ choices }) => choices[0]?.message.tool_calls?.map((call) => call.function))

describe("demo/echo", () => {
  it.effect("says what the user said last, labelled as no AI", () =>
    Effect.gen(function* () {
      const answer = yield* whole({
        model: "demo/echo",
        messages: [user("one"), { role: "assistant", content: "no" }, user("  two\nthree ")]
      })
      assert.strictEqual(answer.choices[0]?.message.content, "  two\nthree ")
      assert.strictEqual(answer.model, "demo/echo")
      assert.strictEqual(answer.system_fingerprint, "demo-no-ai")
    })
  )

  it.effect("joins text parts and names the others, and echoes tool results", () =>
    Effect.gen(function* () {
      const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }
      const parts = [{ type: "text", text: "a" }, image, { type: "text", text: "b" }]
      assert.strictEqual(yield* content(ask(parts)), "a\n[image]\nb")
      const result = { role: "tool", tool_call_id: "c", content: "42" }
      assert.strictEqual(yield* content({ model: "echo", messages: [user("x"), result] }), "42")
    })
  )

  it("says the same whole and streamed, whatever the text and the limits", () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          text: fc.string({ unit: "grapheme" }),
          max_tokens: fc.option(fc.integer({ min: 1, max: 5 })),
          stop: fc.option(fc.array(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 2 })),
          n: fc.integer({ min: 1, max: 3 })
        }),
        async ({ text, ...more }) => {
          const answer = await Effect.runPromise(whole(ask(text, more)))
          const stream = await Effect.runPromise(
            chunks(ask(text, { ...more, stream: true, stream_options: { include_usage: true } }))
          )
          for (const [index, choice] of answer.choices.entries()) {
            const mine = stream.flatMap((chunk) => chunk.choices.filter((each) => each.index === index))
            assert.strictEqual(mine[0]?.delta.role, "assistant")
            assert.strictEqual(mine.map((each) => each.delta.content ?? "").join(""), choice.message.content)
            assert.deepStrictEqual(
              mine.map((each) => each.finish_reason).filter((reason) => reason !== null),
              [choice.finish_reason]
            )
          }
          assert.deepStrictEqual(stream.at(-1)?.usage, answer.usage)
        }
      )
    ))

  it.effect("honours the token limit, stop sequences and the number of choices", () =>
    Effect.gen(function* () {
      const limited = yield* whole(ask("one two three four", { max_completion_tokens: 2 }))
      assert.strictEqual(limited.choices[0]?.message.content, "one two")
      assert.strictEqual(limited.choices[0]?.finish_reason, "length")
      assert.deepStrictEqual(limited.usage, { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 })
      const stopped = yield* whole(ask("one two three", { stop: ["three", " two"], n: 2 }))
      assert.deepStrictEqual(
        stopped.choices.map((choice) => [choice.message.content, choice.finish_reason]),
        [
          ["one", "stop"],
          ["one", "stop"]
        ]
      )
    })
  )
})

describe("demo/extract", () => {
  it.effect("answers with sentences of the prompt", () =>
    Effect.gen(function* () {
      const text = "Cats eat mice. The grid carries electricity. Turbines feed electricity to the grid."
      const answer = yield* content({ model: "extract", messages: [user(text)] })
      assert.include(text, answer ?? "nothing")
    })
  )

  it.effect("fills the schema that is asked for", () =>
    Effect.gen(function* () {
      const schema = {
        type: "object",
        properties: { mood: { enum: ["sad", "happy"] }, age: { type: "integer" } },
        required: ["mood", "age"],
        additionalProperties: false
      }
      const more = { response_format: { type: "json_schema", json_schema: { name: "x", schema } } }
      const answer = yield* content({ model: "extract", messages: [user("Ann is 42 and happy.")], ...more })
      assert.deepStrictEqual(JSON.parse(answer ?? ""), { mood: "happy", age: 42 })
      const object = { response_format: { type: "json_object" } }
      const free = yield* content({ model: "extract", messages: [user("Ann is happy.")], ...object })
      assert.deepStrictEqual(JSON.parse(free ?? ""), { answer: "Ann is happy." })
    })
  )

  it.effect("refuses a schema that allows nothing", () =>
    Effect.gen(function* () {
      const schema = { type: "integer", minimum: 3, maximum: 2 }
      const response_format = { type: "json_schema", json_schema: { name: "x", schema } }
      const answer = yield* send<Failed>({ model: "extract", messages: [user("x")], response_format })
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(answer.json().error.param, "response_format.json_schema.schema")
    })
  )

  it.effect("calls the fitting tool with arguments from the prompt, as the choice says", () =>
    Effect.gen(function* () {
      const call = { name: "get_weather", arguments: '{"city":"Bern","unit":"fahrenheit"}' }
      assert.deepStrictEqual(yield* called({}), [call])
      assert.deepStrictEqual(yield* called({ tool_choice: "none" }), undefined)
      assert.deepStrictEqual(yield* called({ tools: [mail] }), undefined)
      assert.deepStrictEqual(yield* called({ tools: [mail], tool_choice: "required" }), [
        { name: "send_mail", arguments: "{}" }
      ])
      const tool_choice = { type: "function", function: { name: "send_mail" } }
      assert.deepStrictEqual(yield* called({ tool_choice }), [{ name: "send_mail", arguments: "{}" }])
    })
  )

  it.effect("calls tools that fit equally well in parallel, unless told not to", () =>
    Effect.gen(function* () {
      const messages = [user("time and weather")]
      const tools = [
        { ...weather, function: { ...weather.function, description: "" } },
        { ...clock, function: { name: "get_time" } }
      ]
      const both = yield* whole({ model: "extract", messages, tools })
      const calls = both.choices[0]?.message.tool_calls ?? []
      assert.deepStrictEqual(
        calls.map((call) => call.function.name),
        ["get_weather", "get_time"]
      )
      assert.strictEqual(new Set(calls.map((call) => call.id)).size, 2)
      assert.strictEqual(both.choices[0]?.finish_reason, "tool_calls")
      const one = yield* whole({ model: "extract", messages, tools, parallel_tool_calls: false })
      assert.lengthOf(one.choices[0]?.message.tool_calls ?? [], 1)
    })
  )

  it.effect("streams the same calls", () =>
    Effect.gen(function* () {
      const answer = yield* whole(asking({}))
      const deltas = (yield* chunks(asking({ stream: true }))).flatMap((chunk) =>
        chunk.choices.flatMap((choice) => choice.delta.tool_calls ?? [])
      )
      assert.strictEqual(deltas[0]?.function.name, "get_weather")
      assert.strictEqual(
        deltas.map((delta) => delta.function.arguments).join(""),
        answer.choices[0]?.message.tool_calls?.[0]?.function.arguments
      )
    })
  )

  it.effect("answers from the result once a tool has given one", () =>
    Effect.gen(function* () {
      const messages = [
        user(question),
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c", type: "function", function: { name: "get_weather", arguments: "{}" } }]
        },
        { role: "tool", tool_call_id: "c", content: "It is 68 degrees and sunny." }
      ]
      assert.strictEqual(yield* content(asking({ messages })), "It is 68 degrees and sunny.")
    })
  )
})

describe("the demo server", () => {
  it.effect("lists its models", () =>
    Effect.gen(function* () {
      const { status, json } = yield* send<{ data: ReadonlyArray<{ id: string }> }>(null, "/models", "GET")
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(
        json().data.map((model) => model.id),
        ["echo", "extract", "embed"]
      )
    })
  )

  it.effect("has no other model, and says which there are", () =>
    Effect.gen(function* () {
      const { status, json } = yield* send<Failed>({ ...ask("x"), model: "gpt-4o" })
      assert.strictEqual(status, 404)
      assert.strictEqual(json().error.code, "model_not_found")
      assert.include(json().error.message, "demo/echo and demo/extract")
    })
  )

  it.effect.each([
    ["no JSON", "{", null],
    ["no object", "[]", null],
    ["no model", { messages: [user("x")] }, "model"],
    ["no messages", { model: "echo" }, "messages"],
    ["empty messages", { model: "echo", messages: [] }, "messages.0"],
    ["an unknown role", { model: "echo", messages: [{ role: "boss", content: "x" }] }, "messages.0.role"],
    ["no tokens", ask("x", { max_tokens: 0 }), "max_tokens"]
  ] as const)("refuses a request with %s", ([, body, param]) =>
    Effect.gen(function* () {
      const { status, json } = yield* send<Failed>(body)
      assert.strictEqual(status, 400)
      assert.strictEqual(json().error.type, "invalid_request_error")
      assert.strictEqual(json().error.param, param)
    })
  )

  it.effect("stops when the receiver has enough, and goes on when it is told to", () =>
    Effect.gen(function* () {
      let seen = ""
      let count = 0
      let resume = (): void => undefined
      const receiver: Receiver = {
        onHead: (_status, _headers, go) => {
          resume = go
        },
        onChunk: (chunk) => {
          seen += Buffer.from(chunk).toString()
          count += 1
          return "pause"
        }
      }
      const body = ask("one two three", { stream: true })
      const fiber = yield* Effect.fork(Demo.make.exchange(request(body), receiver))
      for (let expected = 1; expected <= 6; expected += 1) {
        yield* Effect.yieldNow()
        yield* Effect.yieldNow()
        assert.strictEqual(count, expected)
        resume()
      }
      yield* Fiber.join(fiber)
      assert.strictEqual(seen, (yield* send(body)).text)
    })
  )

  it.effect("is not held up by a receiver that resumes before it pauses", () =>
    Effect.gen(function* () {
      let resume = (): void => undefined
      let count = 0
      yield* Demo.make.exchange(request(ask("one two", { stream: true })), {
        onHead: (_status, _headers, go) => {
          resume = go
        },
        onChunk: () => {
          count += 1
          resume()
          return "pause"
        }
      })
      assert.strictEqual(count, 5)
    })
  )

  it.effect("ends when the receiver has seen enough", () =>
    Effect.gen(function* () {
      let count = 0
      yield* Demo.make.exchange(request(ask("one two three four", { stream: true })), {
        onHead: () => undefined,
        onChunk: () => {
          count += 1
          return count === 2 ? "enough" : "more"
        }
      })
      assert.strictEqual(count, 2)
    })
  )

  it.effect("paces a stream on request, and stops when it is interrupted", () =>
    Effect.gen(function* () {
      let count = 0
      const fiber = yield* Effect.fork(
        Demo.make.exchange(request(ask("one two three", { stream: true, demo: { delay_ms: 1000 } })), {
          onHead: () => undefined,
          onChunk: () => {
            count += 1
            return "more"
          }
        })
      )
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(count, 1)
      yield* TestClock.adjust("2001 millis")
      assert.strictEqual(count, 4)
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(count, 4)
    })
  )
})

const description = "../shared/spec/openai-openapi.json"

/** OpenAPI 3.0's `nullable`, which the description still uses, in JSON Schema's words. */
const withNull = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withNull)
  if (typeof value !== "object" || value === null) return value
  const { nullable, discriminator: _, ...rest } = value as Record<string, unknown>
  const schema = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, withNull(inner)]))
  return nullable === true ? { anyOf: [schema, { type: "null" }] } : schema
}

describe.skipIf(!existsSync(description))("OpenAI's description (skipped where it is not at hand)", () => {
  it.effect("describes every answer, chunk, list and failure of the demo", () =>
    Effect.gen(function* () {
      const { components } = JSON.parse(readFileSync(description, "utf8")) as { components: unknown }
      const ajv = new Ajv2020({ strict: false, validateFormats: false })
      ajv.addSchema({ $id: "openai", components: withNull(components) })
      const check = (name: string, value: unknown): void => {
        const validate = ajv.compile({ $ref: `openai#/components/schemas/${name}` })
        assert.isTrue(validate(value), `${name}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(value)}`)
      }
      for (const body of [ask("hello you"), asking({}), asking({ tools: [], n: 2 }), ask("a b", { max_tokens: 1 })]) {
        check("CreateChatCompletionResponse", yield* whole(body))
        const streamed = { ...body, stream: true, stream_options: { include_usage: true } }
        for (const chunk of yield* chunks(streamed)) check("CreateChatCompletionStreamResponse", chunk)
      }
      check("ListModelsResponse", (yield* send(null, "/models", "GET")).json())
      check("ErrorResponse", (yield* send("{")).json())
      check("ErrorResponse", (yield* send(ask("x", { model: "y" }))).json())
    })
  )
})
