/** What every protocol keeps when it lowers a request, whoever asks. */
import { assert, describe, it } from "@effect/vitest"
import type { Protocol } from "@penstock/gateway/protocols/Protocol"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { askers, vendors } from "../exchange/answers.ts"
import { marked, marksIn, request, turns } from "./requests.ts"

const models: { readonly [id: string]: string } = {
  "openai-chat": "gpt-5",
  "openai-responses": "gpt-5",
  "anthropic-messages": "claude-sonnet-4-5",
  "ollama-chat": "qwen3"
}
const lower = (protocol: Protocol, asked: ChatRequest) =>
  protocol.lower(asked, { model: models[protocol.id]!, maxOutputTokens: 64_000 })
const sent = (protocol: Protocol, asked: ChatRequest) => {
  const lowered = lower(protocol, asked)
  // A request that is refused loses nothing either: the caller is told what there is no word for.
  fc.pre(Either.isRight(lowered))
  return Either.getOrThrow(lowered)
}

/** The neutral names of fields that are reported by their name on the wire. */
const neutral: { readonly [name: string]: string } = { response_format: "responseFormat" }

/** The request without what lies at a path. */
const without = (value: unknown, path: ReadonlyArray<string>): unknown => {
  const [first, ...rest] = path
  if (first === undefined) return null
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).map(([key, each]) => [key, key === first ? without(each, rest) : each])
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries)
}

const runs = { numRuns: 300 }
const protocols = vendors.map(({ protocol }) => ({ id: protocol.id, protocol }))

describe.each(protocols)("lowered to $id", ({ id, protocol }) => {
  it("a request loses nothing but what is listed as dropped", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { body, dropped } = sent(protocol, asked)
        const kept = dropped.reduce<unknown>((left, path) => {
          const top = without(
            left,
            path.split(".").map((name) => neutral[name] ?? name)
          )
          const { extra } = asked
          // A field of `extra` is reported by its name, which may look like a path.
          return path in extra ? { ...(top as object), extra: { ...(top as ChatRequest).extra, [path]: null } } : top
        }, asked)
        const marks = marksIn(body)
        assert.deepStrictEqual(
          [...marksIn(kept)].filter((mark) => !marks.has(mark)),
          []
        )
      }),
      runs
    )
  })

  it("reasoning is sent to who signed it, and to nobody else", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const marks = marksIn(sent(protocol, asked).body)
        for (const message of asked.messages) {
          if (message.role !== "assistant") continue
          for (const part of message.content) {
            if (part.type === "reasoning" && part.signature !== undefined) {
              assert.strictEqual(marks.has(part.signature), part.issuer === id, JSON.stringify(part))
            }
          }
        }
      }),
      runs
    )
  })

  it("the next turn begins with the bytes of the last one, which is what prompt caches go by", () => {
    fc.assert(
      fc.property(request, turns, (begun, more) => {
        // Turns of one role are joined, so that only a change of role ends one.
        const question = { role: "user", content: [{ type: "text", text: "go on" }] } as const
        const answer = { role: "assistant", content: [{ type: "text", text: "so" }] } as const
        const asked = { ...begun, messages: [...begun.messages, question] } as ChatRequest
        const next = marked({ ...asked, messages: [...asked.messages, answer, ...more] }) as ChatRequest
        const before = sent(protocol, asked).body
        const after = sent(protocol, next).body
        const conversation = id === "openai-responses" ? "input" : "messages"
        const head = (body: typeof before) => {
          const text = JSON.stringify(body)
          return text.slice(0, text.indexOf(`"${conversation}":`))
        }
        assert.strictEqual(head(after), head(before))
        const said = JSON.stringify(before[conversation]).slice(0, -1)
        assert.strictEqual(JSON.stringify(after[conversation]).slice(0, said.length), said)
      }),
      runs
    )
  })
})

/** An answer as a client sends it back: what it was given, put where the conversation is. */
interface Answer {
  readonly choices: readonly [{ readonly message: object }]
  readonly content: ReadonlyArray<object>
  readonly output: ReadonlyArray<object>
}
const question = { role: "user", content: "q" }
const echoed: { readonly [id: string]: (answer: Answer) => object } = {
  "openai-chat": ({ choices }) => ({ messages: [question, choices[0].message] }),
  "anthropic-messages": ({ content }) => ({ messages: [question, { role: "assistant", content }] }),
  "openai-responses": ({ output }) => ({ input: [question, ...output] })
}

const pairs = askers.flatMap((asker) =>
  protocols.map(({ protocol }) => ({ from: asker.dialect.id, to: protocol.id, asker, protocol }))
)

describe.each(pairs)("reasoning that a caller of $from sends back, on its way to $to", ({ asker, protocol }) => {
  const { dialect } = asker
  const signature = "bWFyaw"
  const part = (issuer: string) => ({
    type: "reasoning" as const,
    text: "hm",
    signature: issuer === "openai-responses" ? `rs_1:${signature}` : signature,
    issuer
  })
  const sentBack = (issuer: string) => {
    const answer = dialect.write(
      { id: "a", model: "m", content: [part(issuer), { type: "text", text: "so" }], finishReason: "stop", usage: null },
      { created: 1, includeUsage: false }
    )
    return asker.request(echoed[dialect.id]!(JSON.parse(JSON.stringify(answer))))
  }

  it("arrives where it was signed, as it was, and nowhere else", () => {
    for (const issuer of ["openai-chat", "openai-responses", "anthropic-messages"]) {
      const { body, dropped } = Either.getOrThrow(
        Either.flatMap(dialect.read(sentBack(issuer)), (asked) => lower(protocol, asked))
      )
      const text = JSON.stringify(body)
      const own = issuer === protocol.id
      assert.strictEqual(text.includes(signature), own, issuer)
      assert.notInclude(text, "issuer=")
      assert.strictEqual(
        dropped.some((path) => path.startsWith("messages.1.content")),
        !own
      )
    }
  })
})
