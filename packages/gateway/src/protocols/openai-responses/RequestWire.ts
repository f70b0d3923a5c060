/**
 * The request for a response as callers send it. Strict on what the neutral model has a word for; what else there is
 * may be anything and is kept. `null` for an optional field means that it is absent, as with OpenAI.
 */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { isObject } from "../../wire/Json.ts"
import { imageSource, readDataUrl } from "../openai-chat/Media.ts"
import { AnyObject, optional, other, TokenLimit } from "../WireSchema.ts"

const ImageUrl = Schema.String.pipe(
  Schema.filter((url, _options, ast) => {
    const source = imageSource(url)
    return "problem" in source ? new ParseResult.Type(ast, url, source.problem) : true
  }),
  Schema.annotations({ description: "an http(s) URL or a data: URL of an image" })
)
const FileData = Schema.String.pipe(
  Schema.filter((data) => !/^data:/i.test(data) || readDataUrl(data) !== null),
  Schema.annotations({ description: "base64, or a data URL of the form data:application/pdf;base64,…" })
)

const InputText = Schema.Struct({ type: Schema.Literal("input_text"), text: Schema.String })
const OutputText = Schema.Struct({ type: Schema.Literal("output_text"), text: Schema.String })
const Refusal = Schema.Struct({ type: Schema.Literal("refusal"), refusal: Schema.String })
const InputImage = Schema.Struct({
  type: Schema.Literal("input_image"),
  image_url: optional(ImageUrl),
  file_id: optional(Schema.String),
  detail: optional(Schema.Literal("auto", "low", "high", "original"))
}).pipe(
  Schema.filter((image) => image.image_url !== undefined || image.file_id !== undefined),
  Schema.annotations({ description: "an object with image_url or file_id" })
)
const InputFile = Schema.Struct({
  type: Schema.Literal("input_file"),
  filename: optional(Schema.String),
  file_data: optional(FileData),
  file_id: optional(Schema.String),
  file_url: optional(Schema.String)
}).pipe(
  Schema.filter((file) => [file.file_data, file.file_id, file.file_url].some((each) => each !== undefined)),
  Schema.annotations({ description: "an object with file_data, file_id or file_url" })
)
const OtherPart = other(["input_text", "output_text", "refusal", "input_image", "input_file"])

export const Part = Schema.Union(InputText, OutputText, Refusal, InputImage, InputFile, OtherPart)
export type Part = typeof Part.Type

const Content = Schema.Union(Schema.String, Schema.Array(Part))

/** Who may say what is not asked here: parts that make no sense in a role are kept aside. */
const Message = Schema.Struct({
  type: Schema.Literal("message"),
  role: Schema.Literal("system", "developer", "user", "assistant"),
  content: Content
})
export type Message = typeof Message.Type

const FunctionCall = Schema.Struct({
  type: Schema.Literal("function_call"),
  call_id: Schema.String,
  name: Schema.String,
  arguments: Schema.String
})
const CustomCall = Schema.Struct({
  type: Schema.Literal("custom_tool_call"),
  call_id: Schema.String,
  name: Schema.String,
  input: Schema.String
})
const FunctionOutput = Schema.Struct({
  type: Schema.Literal("function_call_output"),
  call_id: Schema.String,
  output: Content
})
const CustomOutput = Schema.Struct({ ...FunctionOutput.fields, type: Schema.Literal("custom_tool_call_output") })
const Reasoning = Schema.Struct({ type: Schema.Literal("reasoning") }, { key: Schema.String, value: Schema.Unknown })
/** Items of the provider's own. */
const OtherItem = other([
  "message",
  "function_call",
  "custom_tool_call",
  "function_call_output",
  "custom_tool_call_output",
  "reasoning"
])

export const Item = Schema.Union(Message, FunctionCall, CustomCall, FunctionOutput, CustomOutput, Reasoning, OtherItem)
export type Item = typeof Item.Type

const FunctionTool = Schema.Struct({
  type: Schema.Literal("function"),
  name: Schema.NonEmptyString,
  description: optional(Schema.String),
  parameters: optional(AnyObject),
  strict: optional(Schema.Boolean)
})
export type FunctionTool = typeof FunctionTool.Type

const CustomTool = Schema.Struct({
  type: Schema.Literal("custom"),
  name: Schema.NonEmptyString,
  description: optional(Schema.String),
  format: optional(AnyObject)
})

const Format = Schema.Union(
  Schema.Struct({ type: Schema.Literal("text", "json_object") }),
  Schema.Struct({
    type: Schema.Literal("json_schema"),
    name: Schema.String,
    schema: AnyObject,
    description: optional(Schema.String),
    strict: optional(Schema.Boolean)
  }),
  other(["text", "json_object", "json_schema"])
)

const ToolChoice = Schema.Union(
  Schema.Literal("auto", "none", "required"),
  Schema.Struct({ type: Schema.Literal("function", "custom"), name: Schema.String }),
  other(["function", "custom"])
)

/** Fields that differ from the neutral ones by no more than their name are renamed here. */
export const Request = Schema.Struct({
  model: Schema.NonEmptyString.annotations({ description: "the name of a model" }),
  input: Schema.Union(Schema.String, Schema.Array(Item)).annotations({ description: "a string or an array of items" }),
  instructions: optional(Schema.String),
  previous_response_id: optional(Schema.String),
  stream: optional(Schema.Boolean),
  stream_options: optional(AnyObject),
  tools: optional(Schema.Array(Schema.Union(FunctionTool, CustomTool, other(["function", "custom"])))),
  tool_choice: optional(ToolChoice),
  parallelToolCalls: optional(Schema.Boolean).pipe(Schema.fromKey("parallel_tool_calls")),
  text: optional(Schema.Struct({ format: optional(Format), verbosity: optional(Schema.String) })),
  reasoning: optional(Schema.Struct({ effort: optional(Schema.String) })),
  maxTokens: optional(TokenLimit).pipe(Schema.fromKey("max_output_tokens")),
  temperature: optional(Schema.Number),
  topP: optional(Schema.Number).pipe(Schema.fromKey("top_p")),
  user: optional(Schema.String)
})
export type Request = typeof Request.Type

/** What the schema above reads; everything else is kept as it is. */
export const knownFields: ReadonlySet<string> = new Set(
  AST.getPropertySignatures(AST.encodedAST(Request.ast)).map((signature) => String(signature.name))
)

/** A message need not say that it is one. Said in its place, what is wrong with an item is told by its own kind. */
export const typed = (items: unknown): unknown =>
  Array.isArray(items)
    ? items.map((item: unknown) => (isObject(item) ? { ...item, type: item["type"] ?? "message" } : item))
    : items
