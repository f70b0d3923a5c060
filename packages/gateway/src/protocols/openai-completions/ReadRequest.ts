/**
 * A legacy completion's request as a conversation, for providers that hold only those: the prompt is what the user says.
 * What a conversation cannot do is refused, by its field, rather than answered with something else.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Struct from "effect/Struct"
import { listIn, objectIn } from "../../wire/Json.ts"
import * as InvalidRequest from "../InvalidRequest.ts"
import { leftovers } from "../openai-chat/Leftovers.ts"
import { AnyObject, optional, TokenLimit } from "../WireSchema.ts"
import { defaultMaxTokens } from "./Envelope.ts"

const where = "as the model's provider holds conversations only"

/** A field that must say no more than its absence does. */
const only = (value: string | number | boolean) =>
  optional(Schema.Literal(value).annotations({ description: `${JSON.stringify(value)}, ${where}` }))

/** The text of a prompt that is one; null for several, and for tokens. */
const textOf = (prompt: unknown): string | null => {
  const [text, ...others] = Array.isArray(prompt) ? listIn(prompt) : [prompt]
  return typeof text === "string" && text !== "" && others.length === 0 ? text : null
}

const Request = Schema.Struct({
  model: Schema.NonEmptyString,
  prompt: Schema.Unknown.pipe(
    Schema.filter((prompt) => textOf(prompt) !== null, { description: `one text, ${where}` })
  ),
  suffix: only(""),
  echo: only(false),
  n: only(1),
  best_of: only(1),
  logprobs: optional(Schema.Never.annotations({ description: `nothing, ${where}` })),
  stream: optional(Schema.Boolean),
  stream_options: optional(AnyObject),
  maxTokens: optional(TokenLimit).pipe(Schema.fromKey("max_tokens")),
  temperature: optional(Schema.Number),
  topP: optional(Schema.Number).pipe(Schema.fromKey("top_p")),
  frequencyPenalty: optional(Schema.Number).pipe(Schema.fromKey("frequency_penalty")),
  presencePenalty: optional(Schema.Number).pipe(Schema.fromKey("presence_penalty")),
  seed: optional(Schema.Int.annotations({ description: "an integer" })),
  stop: optional(Schema.Union(Schema.String, Schema.Array(Schema.String))),
  user: optional(Schema.String)
})

/** Those that say no more than their absence does, and how a stream is to be written. */
const saysNothing = ["suffix", "echo", "n", "best_of", "logprobs", "stream_options"] as const

const decode = Schema.decodeUnknownEither(Request)

const known: ReadonlySet<string> = new Set(
  AST.getPropertySignatures(AST.encodedAST(Request.ast)).map(({ name }) => String(name))
)

const request = (wire: typeof Request.Type, body: unknown): ChatRequest => {
  const { maxTokens, prompt, stop, ...rest } = wire
  return {
    ...Struct.omit(rest, ...saysNothing),
    messages: [{ role: "user", content: [{ type: "text", text: textOf(prompt) ?? "" }] }],
    maxTokens: maxTokens ?? defaultMaxTokens,
    ...(stop === undefined ? {} : { stop: typeof stop === "string" ? [stop] : stop }),
    extra: leftovers(objectIn(body), known),
    dialect: "openai-completions"
  }
}

export const read = (body: unknown): Either.Either<ChatRequest, GatewayError> =>
  Either.mapBoth(decode(body), {
    onLeft: InvalidRequest.fromParseError,
    onRight: (wire) => request(wire, body)
  })
