/** Arbitrary requests, for the laws that every protocol keeps when it lowers them. Every text in one is unique. */
import type { AssistantPart, ChatRequest, Message, UserPart } from "@penstock/schema/ChatRequest"
import * as fc from "effect/FastCheck"

/** Replaced by a text of its own, so that it can be found again wherever it went. */
const text = fc.constant("?")

const textPart = fc.record({ type: fc.constant("text" as const), text })
const image = fc.record({
  type: fc.constant("image" as const),
  source: fc.oneof(
    fc.record({ type: fc.constant("url" as const), url: text.map((text) => `https://a.test/${text}`) }),
    fc.record({
      type: fc.constant("base64" as const),
      mediaType: fc.constantFrom("image/png", "image/jpeg"),
      data: text
    })
  )
})
const file = fc.record({
  type: fc.constant("file" as const),
  filename: text,
  mediaType: fc.constant("application/pdf"),
  data: text
})
const audio = fc.record({ type: fc.constant("audio" as const), format: fc.constant("wav"), data: text })
const userPart: fc.Arbitrary<UserPart> = fc.oneof(textPart, image, file, audio)

const reasoning = fc.oneof(
  fc.record({ type: fc.constant("reasoning" as const), text }),
  fc.record({
    type: fc.constant("reasoning" as const),
    text,
    signature: text,
    issuer: fc.constantFrom("openai-chat", "openai-responses", "anthropic-messages")
  }),
  fc.record({
    type: fc.constant("reasoning" as const),
    text: fc.constant(""),
    redacted: fc.constant(true),
    signature: text,
    issuer: fc.constantFrom("openai-chat", "openai-responses", "anthropic-messages")
  })
)
const assistantPart: fc.Arbitrary<AssistantPart> = fc.oneof(
  textPart,
  fc.record({ type: fc.constant("refusal" as const), text }),
  reasoning
)

const user: fc.Arbitrary<Message> = fc.record(
  { role: fc.constant("user" as const), content: fc.array(userPart, { minLength: 1, maxLength: 3 }), name: text },
  { requiredKeys: ["role", "content"] }
)
const assistant: fc.Arbitrary<Message> = fc.record({
  role: fc.constant("assistant" as const),
  content: fc.array(assistantPart, { minLength: 1, maxLength: 3 })
})
/** A turn that calls a tool, and its result. */
const call: fc.Arbitrary<ReadonlyArray<Message>> = fc
  .record({
    name: text,
    value: text,
    result: fc.array(fc.oneof(textPart, image), { minLength: 1, maxLength: 2 }),
    isError: fc.boolean()
  })
  .map(({ isError, name, result, value }) => [
    { role: "assistant", content: [{ type: "tool-call", id: "call", name, arguments: JSON.stringify({ value }) }] },
    {
      role: "tool",
      content: [{ type: "tool-result", toolCallId: "call", content: result, ...(isError ? { isError } : {}) }]
    }
  ])
const instruction: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom("system" as const, "developer" as const),
  content: fc.array(textPart, { minLength: 1, maxLength: 2 })
})

/** Texts replaced by unique ones; the ids of calls and their results stay a pair. */
export const marked = <A>(value: A): A => {
  let next = 0
  const mark = (each: unknown): unknown => {
    if (typeof each === "string") return each.replaceAll("?", () => `mark${(next++).toString(36)}x`)
    if (Array.isArray(each)) return each.map(mark)
    if (typeof each !== "object" || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, mark(inner)]))
  }
  return mark(value) as A
}

/** The marks in a value, wherever they are. */
export const marksIn = (value: unknown): ReadonlySet<string> =>
  new Set(JSON.stringify(value).match(/mark[0-9a-z]+?x/g) ?? [])

const numbered = (messages: ReadonlyArray<Message>): ReadonlyArray<Message> => {
  let calls = 0
  return JSON.parse(JSON.stringify(messages), (key, value) => {
    if (key === "id" && value === "call") return `call_${++calls}`
    return key === "toolCallId" ? `call_${calls}` : value
  })
}

export const turns: fc.Arbitrary<ReadonlyArray<Message>> = fc
  .array(
    fc.oneof(
      user.map((each) => [each]),
      assistant.map((each) => [each]),
      call
    ),
    { maxLength: 4 }
  )
  .map((all) => numbered(all.flat()))

export const request: fc.Arbitrary<ChatRequest> = fc
  .record(
    {
      model: fc.constant("m"),
      before: fc.array(instruction, { maxLength: 1 }),
      first: user,
      turns,
      tools: fc.array(
        fc.record(
          {
            name: text,
            description: text,
            parameters: fc.constant({ type: "object", properties: { a: { description: "?" } } })
          },
          { requiredKeys: ["name"] }
        ),
        { minLength: 1, maxLength: 2 }
      ),
      responseFormat: fc.record({
        type: fc.constant("json_schema" as const),
        name: fc.constant("n"),
        schema: fc.constant({ type: "object", properties: { a: { type: "string", description: "?" } } })
      }),
      stop: fc.array(text, { minLength: 1, maxLength: 2 }),
      user: text,
      extra: fc.dictionary(
        fc.constantFrom("metadata", "keep_alive", "thinking", "container", "later", "messages.0.audio"),
        text
      )
    },
    { requiredKeys: ["model", "before", "first", "turns", "extra"] }
  )
  .map(({ before, first, turns, ...rest }) => marked({ ...rest, messages: [...before, first, ...turns] as const }))
  .map((all): ChatRequest => {
    const [head, ...tail] = all.messages
    return { ...all, messages: [head!, ...tail] }
  })
