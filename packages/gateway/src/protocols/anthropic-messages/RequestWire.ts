/**
 * The Messages request as callers send it. Strict on what the neutral model has a word for; what else there is may be
 * anything and is kept. `null` for an optional field means that it is absent.
 */
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import { AnyObject, optional, other, TokenLimit } from "../WireSchema.ts"

const Url = Schema.String.pipe(
  Schema.filter((url) => /^https?:/i.test(url) && URL.canParse(url)),
  Schema.annotations({ description: "an http(s) URL that can be parsed" })
)
const Base64 = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9+/]+={0,2}$/, { description: "base64 without a prefix" }))
const ImageType = Schema.String.pipe(Schema.pattern(/^image\//, { description: "an image type such as image/png" }))

const UrlSource = Schema.Struct({ type: Schema.Literal("url"), url: Url })
const FileSource = Schema.Struct({ type: Schema.Literal("file"), file_id: Schema.String })

const TextBlock = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })
const ImageBlock = Schema.Struct({
  type: Schema.Literal("image"),
  source: Schema.Union(
    Schema.Struct({ type: Schema.Literal("base64"), media_type: ImageType, data: Base64 }),
    UrlSource,
    FileSource
  )
})
const DocumentBlock = Schema.Struct({
  type: Schema.Literal("document"),
  source: Schema.Union(
    Schema.Struct({ type: Schema.Literal("base64"), media_type: Schema.String, data: Base64 }),
    Schema.Struct({ type: Schema.Literal("text"), media_type: optional(Schema.String), data: Schema.String }),
    Schema.Struct({
      type: Schema.Literal("content"),
      content: Schema.Union(Schema.String, Schema.Array(AnyObject))
    }),
    UrlSource,
    FileSource
  ),
  title: optional(Schema.String)
})
export type DocumentBlock = typeof DocumentBlock.Type

const OtherBlock = other(["text", "image", "document", "tool_result", "tool_use", "thinking", "redacted_thinking"])

const ResultBlock = Schema.Union(TextBlock, ImageBlock, DocumentBlock, OtherBlock)
export type ResultBlock = typeof ResultBlock.Type

const ToolResult = Schema.Struct({
  type: Schema.Literal("tool_result"),
  tool_use_id: Schema.String,
  content: optional(Schema.Union(Schema.String, Schema.Array(ResultBlock))),
  is_error: optional(Schema.Boolean)
})
export type ToolResult = typeof ToolResult.Type

const UserBlock = Schema.Union(TextBlock, ImageBlock, DocumentBlock, ToolResult, OtherBlock)
export type UserBlock = typeof UserBlock.Type

const AssistantBlock = Schema.Union(
  TextBlock,
  Schema.Struct({ type: Schema.Literal("thinking"), thinking: Schema.String, signature: optional(Schema.String) }),
  Schema.Struct({ type: Schema.Literal("redacted_thinking"), data: Schema.String }),
  Schema.Struct({ type: Schema.Literal("tool_use"), id: Schema.String, name: Schema.String, input: AnyObject }),
  OtherBlock
)
export type AssistantBlock = typeof AssistantBlock.Type

const content = <A, I>(block: Schema.Schema<A, I>) => Schema.Union(Schema.String, Schema.Array(block))

const Message = Schema.Union(
  Schema.Struct({ role: Schema.Literal("user"), content: content(UserBlock) }),
  Schema.Struct({ role: Schema.Literal("assistant"), content: content(AssistantBlock) }),
  // Newer models take instructions in the middle of a conversation.
  Schema.Struct({ role: Schema.Literal("system"), content: content(TextBlock) })
)
export type Message = typeof Message.Type

const CustomTool = Schema.Struct({
  type: optional(Schema.Literal("custom")),
  name: Schema.NonEmptyString,
  description: optional(Schema.String),
  input_schema: AnyObject,
  strict: optional(Schema.Boolean)
})
export type CustomTool = typeof CustomTool.Type
/** A tool that Anthropic itself runs, or knows by its type. */
const OtherTool = other(["custom"])

const single = { disable_parallel_tool_use: optional(Schema.Boolean) }
const ToolChoice = Schema.Union(
  Schema.Struct({ type: Schema.Literal("auto", "any", "none"), ...single }),
  Schema.Struct({ type: Schema.Literal("tool"), name: Schema.String, ...single })
)

const Thinking = Schema.Union(
  Schema.Struct({ type: Schema.Literal("enabled"), budget_tokens: Schema.Int }),
  other(["enabled"])
)

const OutputConfig = Schema.Struct({
  effort: optional(Schema.String),
  format: optional(Schema.Struct({ type: Schema.Literal("json_schema"), schema: AnyObject }))
})

/** Fields that differ from the neutral ones by no more than their name are renamed here. */
export const Request = Schema.Struct({
  model: Schema.NonEmptyString.annotations({ description: "the name of a model" }),
  messages: Schema.NonEmptyArray(Message).annotations({ description: "an array of at least one message" }),
  maxTokens: TokenLimit.pipe(Schema.propertySignature, Schema.fromKey("max_tokens")),
  system: optional(content(TextBlock)),
  stream: optional(Schema.Boolean),
  tools: optional(Schema.Array(Schema.Union(CustomTool, OtherTool))),
  tool_choice: optional(ToolChoice),
  thinking: optional(Thinking),
  output_config: optional(OutputConfig),
  metadata: optional(Schema.Struct({ user_id: optional(Schema.String) })),
  stop: optional(Schema.Array(Schema.String)).pipe(Schema.fromKey("stop_sequences")),
  temperature: optional(Schema.Number),
  topP: optional(Schema.Number).pipe(Schema.fromKey("top_p")),
  topK: optional(Schema.Number).pipe(Schema.fromKey("top_k"))
})
export type Request = typeof Request.Type

/** What the schema above reads; everything else is kept as it is. */
export const knownFields: ReadonlySet<string> = new Set(
  AST.getPropertySignatures(AST.encodedAST(Request.ast)).map((signature) => String(signature.name))
)
