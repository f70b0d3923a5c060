/** Tools of MCP servers and what they answer, in the protocol's own words. */
import * as Schema from "effect/Schema"

const JsonObject = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** `configured`: not started yet. `degraded`: not usable now; the reason says why. */
export const McpStatus = Schema.Literal("configured", "starting", "ready", "degraded", "stopped")
export type McpStatus = typeof McpStatus.Type

export const McpServerReport = Schema.Struct({
  name: Schema.String,
  status: McpStatus,
  tools: Schema.NonNegativeInt.annotations({ description: "How many of its tools can be used" }),
  reason: Schema.optional(Schema.String).annotations({ description: "What is wrong, or which tools were left out" })
}).annotations({ identifier: "McpServer" })
export type McpServerReport = typeof McpServerReport.Type

/** `text`, `image`, `audio`, `resource_link`, `resource`, or what a later protocol adds: told by `type`, kept as it came. */
export const McpContent = Schema.Struct({ type: Schema.String }, { key: Schema.String, value: Schema.Unknown })
export type McpContent = typeof McpContent.Type

export const McpToolResult = Schema.Struct({
  content: Schema.Array(McpContent),
  structuredContent: Schema.optional(Schema.Unknown),
  isError: Schema.Boolean.annotations({ description: "Whether the tool itself says that it failed" })
}).annotations({ identifier: "McpToolResult" })
export type McpToolResult = typeof McpToolResult.Type

export const McpToolInfo = Schema.Struct({
  name: Schema.String,
  description: Schema.String,
  input_schema: JsonObject
}).annotations({ identifier: "McpTool" })
export type McpToolInfo = typeof McpToolInfo.Type
