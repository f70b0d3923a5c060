/**
 * The chat completions request as callers send it. Strict on what the neutral model has a word for; what else there is
 * may be anything and is kept. `null` for an optional field means that it is absent, as with OpenAI.
 */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { imageSource, readDataUrl } from "./Media.ts"
import { AnyObject, optional, TokenLimit } from "../WireSchema.ts"

const ImageUrl = Schema.String.pipe(
  Schema.filter((url, _options, ast) => {
    const source = imageSource(url)
    return "problem" in source ? new ParseResult.Type(ast, url, source.problem) : true
  }),
  Schema.annotations({ description: "an http(s) URL or a data: URL of an image" })
)

const TextPart = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })
const RefusalPart = Schema.Struct({ type: Schema.Literal("refusal"), refusal: Schema.String })
const ImagePart = Schema.Struct({
  type: Schema.Literal("image_url"),
  image_url: Schema.Struct({
    url: ImageUrl,
    detail: optional(Schema.Literal("auto", "low", "high", "original"))
  })
})
const AudioPart = Schema.Struct({
  type: Schema.Literal("input_audio"),
  input_audio: Schema.Struct({ data: Schema.String, format: Schema.String })
})
const FileData = Schema.String.pipe(
  Schema.filter((data) => !/^data:/i.test(data) || readDataUrl(data) !== null),
  Schema.annotations({ description: "base64, or a data URL of the form data:application/pdf;base64,…" })
)
const FilePart = Schema.Struct({
  type: Schema.Literal("file"),
  file: Schema.Struct({
    filename: optional(Schema.String),
    file_data: optional(FileData),
    file_id: optional(Schema.String)
  }).pipe(
    Schema.filter((file) => file.file_data !== undefined || file.file_id !== undefined),
    Schema.annotations({ description: "an object with file_data or file_id" })
  )
})

const content = <Part extends Schema.Schema.AnyNoContext>(part: Part) =>
  Schema.Union(Schema.String, Schema.NonEmptyArray(part))

export const UserPart = Schema.Union(TextPart, ImagePart, AudioPart, FilePart)
export type UserPart = typeof UserPart.Type
export const ToolPart = Schema.Union(TextPart, ImagePart, FilePart)
export type ToolPart = typeof ToolPart.Type

const InstructionMessage = Schema.Struct({
  role: Schema.Literal("system", "developer"),
  content: content(TextPart)
})
const UserMessage = Schema.Struct({
  role: Schema.Literal("user"),
  content: content(UserPart),
  name: optional(Schema.String)
})
const FunctionCall = Schema.Struct({
  id: Schema.String,
  type: Schema.optionalWith(Schema.Literal("function"), { default: () => "function" as const }),
  function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
})
const CustomCall = Schema.Struct({
  id: Schema.String,
  type: Schema.Literal("custom"),
  custom: Schema.Struct({ name: Schema.String, input: Schema.String })
})
const ToolCall = Schema.Union(FunctionCall, CustomCall)
export type ToolCall = typeof ToolCall.Type
export const AssistantMessage = Schema.Struct({
  role: Schema.Literal("assistant"),
  content: optional(Schema.Union(Schema.String, Schema.Array(Schema.Union(TextPart, RefusalPart)))),
  refusal: optional(Schema.String),
  name: optional(Schema.String),
  tool_calls: optional(Schema.Array(ToolCall)),
  function_call: optional(Schema.Struct({ name: Schema.String, arguments: Schema.String })),
  reasoning_content: optional(Schema.String),
  reasoning: optional(Schema.String),
  reasoning_details: optional(Schema.Array(AnyObject))
})
export type AssistantMessage = typeof AssistantMessage.Type
const ToolMessage = Schema.Struct({
  role: Schema.Literal("tool"),
  tool_call_id: Schema.String,
  content: content(ToolPart)
})
/** The forerunner of `tool`. */
const FunctionMessage = Schema.Struct({
  role: Schema.Literal("function"),
  name: Schema.String,
  content: Schema.NullOr(Schema.String)
})

export const Message = Schema.Union(InstructionMessage, UserMessage, AssistantMessage, ToolMessage, FunctionMessage)
export type Message = typeof Message.Type

export const FunctionTool = Schema.Struct({
  type: Schema.Literal("function"),
  function: Schema.Struct({
    name: Schema.String,
    description: optional(Schema.String),
    parameters: optional(AnyObject),
    strict: optional(Schema.Boolean)
  })
})
/** A tool that is called with text. */
export const CustomTool = Schema.Struct({
  type: Schema.Literal("custom"),
  custom: Schema.Struct({
    name: Schema.NonEmptyString,
    description: optional(Schema.String),
    format: optional(AnyObject)
  })
})
/** A tool of another kind, kept as it is. */
const OtherTool = Schema.Struct(
  { type: Schema.String.pipe(Schema.filter((type) => type !== "function" && type !== "custom")) },
  { key: Schema.String, value: Schema.Unknown }
)

const Named = Schema.Struct({ name: Schema.String })

export const NamedToolChoice = Schema.Union(
  Schema.Struct({ type: Schema.Literal("function"), function: Named }),
  Schema.Struct({ type: Schema.Literal("custom"), custom: Named })
)

export const JsonSchemaFormat = Schema.Struct({
  type: Schema.Literal("json_schema"),
  json_schema: Schema.Struct({
    name: Schema.String,
    description: optional(Schema.String),
    schema: optional(AnyObject),
    strict: optional(Schema.Boolean)
  })
})

/** `text`, `json_object`, or a kind that only some vendors know. */
const OtherFormat = Schema.Struct(
  { type: Schema.String.pipe(Schema.filter((type) => type !== "json_schema")) },
  { key: Schema.String, value: Schema.Unknown }
)

/** Fields that differ from the neutral ones by no more than their name are renamed here. */
export const Request = Schema.Struct({
  model: Schema.NonEmptyString.annotations({ description: "the name of a model" }),
  messages: Schema.NonEmptyArray(Message).annotations({ description: "an array of at least one message" }),
  stream: optional(Schema.Boolean),
  stream_options: optional(AnyObject),
  tools: optional(Schema.Array(Schema.Union(FunctionTool, CustomTool, OtherTool))),
  tool_choice: optional(Schema.Union(Schema.Literal("auto", "none", "required"), NamedToolChoice, OtherTool)),
  parallelToolCalls: optional(Schema.Boolean).pipe(Schema.fromKey("parallel_tool_calls")),
  response_format: optional(Schema.Union(JsonSchemaFormat, OtherFormat)),
  max_tokens: optional(TokenLimit),
  max_completion_tokens: optional(TokenLimit),
  temperature: optional(Schema.Number),
  topP: optional(Schema.Number).pipe(Schema.fromKey("top_p")),
  topK: optional(Schema.Number).pipe(Schema.fromKey("top_k")),
  frequencyPenalty: optional(Schema.Number).pipe(Schema.fromKey("frequency_penalty")),
  presencePenalty: optional(Schema.Number).pipe(Schema.fromKey("presence_penalty")),
  seed: optional(Schema.Int.annotations({ description: "an integer" })),
  stop: optional(Schema.Union(Schema.String, Schema.Array(Schema.String))),
  reasoning_effort: optional(Schema.String),
  user: optional(Schema.String)
})
export type Request = typeof Request.Type

/** What the schema above reads; everything else is kept as it is. */
export const knownFields: ReadonlySet<string> = new Set(
  AST.getPropertySignatures(AST.encodedAST(Request.ast)).map((signature) => String(signature.name))
)
