/** The part of OpenAI's chat completions request that the demo reads; everything else is allowed and ignored. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

const nullish = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Part = Schema.Struct({
  type: Schema.String,
  text: Schema.optional(Schema.String),
  refusal: Schema.optional(Schema.String)
})

const ToolCall = Schema.Struct({
  function: Schema.optional(Schema.Struct({ name: Schema.String, arguments: Schema.String }))
})

const Message = Schema.Struct({
  role: Schema.Literal("system", "developer", "user", "assistant", "tool", "function"),
  content: nullish(Schema.Union(Schema.String, Schema.Array(Part))),
  tool_calls: nullish(Schema.Array(ToolCall))
})
export type Message = typeof Message.Type

const FunctionTool = Schema.Struct({
  name: Schema.String,
  description: nullish(Schema.String),
  parameters: nullish(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})
export type FunctionTool = typeof FunctionTool.Type

const Tool = Schema.Struct({ type: Schema.String, function: Schema.optional(FunctionTool) })

const ToolChoice = Schema.Union(
  Schema.Literal("none", "auto", "required"),
  Schema.Struct({ type: Schema.Literal("function"), function: Schema.Struct({ name: Schema.String }) })
)

const ResponseFormat = Schema.Union(
  Schema.Struct({ type: Schema.Literal("text", "json_object") }),
  Schema.Struct({
    type: Schema.Literal("json_schema"),
    json_schema: Schema.Struct({
      name: Schema.String,
      schema: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
    })
  })
)

const Count = Schema.Int.pipe(Schema.positive())

export const DemoRequest = Schema.Struct({
  model: Schema.String,
  messages: Schema.NonEmptyArray(Message),
  stream: nullish(Schema.Boolean),
  stream_options: nullish(Schema.Struct({ include_usage: nullish(Schema.Boolean) })),
  max_tokens: nullish(Count),
  max_completion_tokens: nullish(Count),
  stop: nullish(Schema.Union(Schema.String, Schema.Array(Schema.String))),
  n: nullish(Schema.Int.pipe(Schema.between(1, 128))),
  tools: nullish(Schema.Array(Tool)),
  tool_choice: nullish(ToolChoice),
  parallel_tool_calls: nullish(Schema.Boolean),
  response_format: nullish(ResponseFormat),
  /**
   * The demo's own field. `delay_ms` is a pause before each chunk of a stream but the first, and before a whole answer,
   * so that slow answers can be tried.
   */
  demo: nullish(Schema.Struct({ delay_ms: nullish(Schema.Int.pipe(Schema.between(0, 60_000))) }))
})
export type DemoRequest = typeof DemoRequest.Type

const decode = Schema.decodeUnknownEither(DemoRequest)

export interface Refused {
  readonly message: string
  readonly param: string | null
}

/** Reads a request; what is wrong with it is told with the field's path. */
export const read = (body: unknown): Either.Either<DemoRequest, Refused> =>
  Either.mapLeft(decode(body), (error) => {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
    const param = issue === undefined || issue.path.length === 0 ? null : issue.path.map(String).join(".")
    return { message: `${param === null ? "" : `${param}: `}${issue?.message ?? "not a chat request"}`, param }
  })

/** The text of a message. What is not text is named in brackets: `[image]`. */
export const textOf = ({ content }: Message): string => {
  if (typeof content === "string") return content
  return (content ?? []).map((part) => part.text ?? part.refusal ?? `[${part.type.replace("_url", "")}]`).join("\n")
}
