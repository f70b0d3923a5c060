/**
 * A chat request in no provider's words. A field is here when at least three providers have it; everything else stays
 * with the protocol that understands it.
 */
import * as Schema from "effect/Schema"

/** An opaque piece of reasoning that only its issuer can read back. */
const Signature = {
  /** Ciphertext or signature that the issuer needs to see again, verbatim. */
  signature: Schema.optional(Schema.String),
  /** The protocol that issued the signature. It is returned to that protocol only. */
  issuer: Schema.optional(Schema.String)
}

export const TextPart = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })
export const ImagePart = Schema.Struct({
  type: Schema.Literal("image"),
  source: Schema.Union(
    Schema.Struct({ type: Schema.Literal("url"), url: Schema.String }),
    /** `data` is base64 without the `data:` prefix. */
    Schema.Struct({ type: Schema.Literal("base64"), mediaType: Schema.String, data: Schema.String })
  ),
  detail: Schema.optional(Schema.Literal("auto", "low", "high", "original"))
})
export const AudioPart = Schema.Struct({ type: Schema.Literal("audio"), format: Schema.String, data: Schema.String })
export const FilePart = Schema.Struct({
  type: Schema.Literal("file"),
  filename: Schema.optional(Schema.String),
  mediaType: Schema.optional(Schema.String),
  /** base64 without the `data:` prefix. */
  data: Schema.optional(Schema.String),
  /** A file that was uploaded to the provider before. */
  fileId: Schema.optional(Schema.String)
})
export const ReasoningPart = Schema.Struct({
  type: Schema.Literal("reasoning"),
  text: Schema.String,
  /** True when the provider withheld the text and sent only the signature. */
  redacted: Schema.optional(Schema.Boolean),
  ...Signature
})
export const RefusalPart = Schema.Struct({ type: Schema.Literal("refusal"), text: Schema.String })
export const ToolCallPart = Schema.Struct({
  type: Schema.Literal("tool-call"),
  id: Schema.String,
  name: Schema.String,
  /** The arguments as the model wrote them: JSON text, possibly invalid, never re-serialised. */
  arguments: Schema.String
})
export const ToolResultPart = Schema.Struct({
  type: Schema.Literal("tool-result"),
  toolCallId: Schema.String,
  content: Schema.Array(Schema.Union(TextPart, ImagePart, FilePart)),
  isError: Schema.optional(Schema.Boolean)
})

export const UserPart = Schema.Union(TextPart, ImagePart, AudioPart, FilePart)
export type UserPart = typeof UserPart.Type
export const AssistantPart = Schema.Union(TextPart, ReasoningPart, RefusalPart, ToolCallPart)
export type AssistantPart = typeof AssistantPart.Type
export type ToolCallPart = typeof ToolCallPart.Type
export type ToolResultPart = typeof ToolResultPart.Type
export type ImagePart = typeof ImagePart.Type

export const Message = Schema.Union(
  /** System and developer messages keep their place in the conversation. */
  Schema.Struct({ role: Schema.Literal("system", "developer"), content: Schema.Array(TextPart) }),
  Schema.Struct({
    role: Schema.Literal("user"),
    content: Schema.Array(UserPart),
    name: Schema.optional(Schema.String)
  }),
  Schema.Struct({
    role: Schema.Literal("assistant"),
    content: Schema.Array(AssistantPart),
    name: Schema.optional(Schema.String)
  }),
  Schema.Struct({ role: Schema.Literal("tool"), content: Schema.Array(ToolResultPart) })
)
export type Message = typeof Message.Type

/** A JSON Schema, passed on as it came. */
export const JsonSchema = Schema.Record({ key: Schema.String, value: Schema.Unknown })
export type JsonSchema = typeof JsonSchema.Type

export const Tool = Schema.Struct({
  name: Schema.String,
  description: Schema.optional(Schema.String),
  /** Absent: the tool takes no arguments. */
  parameters: Schema.optional(JsonSchema),
  strict: Schema.optional(Schema.Boolean)
})
export type Tool = typeof Tool.Type

export const ToolChoice = Schema.Union(
  Schema.Literal("auto", "none", "required"),
  Schema.Struct({ tool: Schema.String })
)
export type ToolChoice = typeof ToolChoice.Type

export const ResponseFormat = Schema.Union(
  Schema.Struct({ type: Schema.Literal("text") }),
  Schema.Struct({ type: Schema.Literal("json_object") }),
  Schema.Struct({
    type: Schema.Literal("json_schema"),
    name: Schema.String,
    description: Schema.optional(Schema.String),
    schema: JsonSchema,
    strict: Schema.optional(Schema.Boolean)
  })
)
export type ResponseFormat = typeof ResponseFormat.Type

export const ReasoningEffort = Schema.Literal("none", "minimal", "low", "medium", "high", "xhigh")
export type ReasoningEffort = typeof ReasoningEffort.Type

export const ChatRequest = Schema.Struct({
  model: Schema.String,
  messages: Schema.NonEmptyArray(Message),
  stream: Schema.optional(Schema.Boolean),
  tools: Schema.optional(Schema.Array(Tool)),
  toolChoice: Schema.optional(ToolChoice),
  parallelToolCalls: Schema.optional(Schema.Boolean),
  responseFormat: Schema.optional(ResponseFormat),
  /** The most tokens to generate, reasoning included. */
  maxTokens: Schema.optional(Schema.Int.pipe(Schema.positive())),
  temperature: Schema.optional(Schema.Number),
  topP: Schema.optional(Schema.Number),
  topK: Schema.optional(Schema.Number),
  frequencyPenalty: Schema.optional(Schema.Number),
  presencePenalty: Schema.optional(Schema.Number),
  seed: Schema.optional(Schema.Int),
  stop: Schema.optional(Schema.Array(Schema.String)),
  reasoningEffort: Schema.optional(ReasoningEffort),
  /** Who the end user is, for the provider's abuse detection. */
  user: Schema.optional(Schema.String),
  /**
   * Fields of the caller's request that the neutral model has no word for, by their wire name: sent on by a protocol
   * that knows them (`keep_alive` and `options` to Ollama, `thinking` to Anthropic), listed as dropped by the others.
   */
  extra: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
  /** The wire format in whose words `extra` is; absent for chat completions, which every vendor has added words to. */
  dialect: Schema.optional(Schema.String)
})
export type ChatRequest = typeof ChatRequest.Type
