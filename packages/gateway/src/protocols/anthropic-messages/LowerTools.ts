/** Tools, the choice among them, and the shim that stands in for structured output on older models. */
import type { Tool as AnthropicTool, ToolChoice as AnthropicToolChoice } from "@anthropic-ai/sdk/resources/messages"
import type { ChatRequest, JsonSchema, Tool } from "@penstock/schema/ChatRequest"
import * as ToolParameters from "../ToolParameters.ts"
import * as Either from "effect/Either"
import type { Model } from "./Model.ts"
import { shimTool } from "./Shim.ts"
import { constrained } from "./StructuredOutput.ts"

export interface Tools {
  readonly tools: ReadonlyArray<AnthropicTool>
  readonly choice: AnthropicToolChoice | null
}

const inputSchema = (schema: JsonSchema): AnthropicTool.InputSchema => {
  const { type: _, ...rest } = schema
  return { type: "object", ...rest }
}

const lowered = (tool: Tool, path: string, model: Model, dropped: Array<string>): AnthropicTool => {
  const schema = tool.parameters ?? {}
  const strict = tool.strict === true && model.structuredOutput
  if (tool.strict === true && !strict) dropped.push(`${path}.strict`)
  return {
    name: tool.name,
    ...(tool.description === undefined || tool.description === "" ? {} : { description: tool.description }),
    input_schema: strict ? inputSchema(constrained(inputSchema(schema))) : inputSchema(schema),
    ...(strict ? { strict } : {})
  }
}

const choice = (request: ChatRequest, shimmed: boolean): AnthropicToolChoice => {
  const single = request.parallelToolCalls === false ? { disable_parallel_tool_use: true } : {}
  const { toolChoice } = request
  // The model may call the caller's tools, or answer through the shim: it must call something.
  if (shimmed && (toolChoice === undefined || toolChoice === "auto" || toolChoice === "required")) {
    return { type: "any", ...single }
  }
  if (toolChoice === "none") return shimmed ? { type: "tool", name: shimTool } : { type: "none" }
  if (toolChoice === "required") return { type: "any", ...single }
  if (typeof toolChoice === "object") return { type: "tool", name: toolChoice.tool, ...single }
  return { type: "auto", ...single }
}

const shim = (request: ChatRequest, model: Model): ReadonlyArray<AnthropicTool> => {
  const format = request.responseFormat
  if (format?.type !== "json_schema" || model.structuredOutput) return []
  const asked = format.description === undefined ? "" : ` ${format.description}`
  const fitted = ToolParameters.fit({ name: shimTool, parameters: format.schema }, "anthropic-messages")
  const schema = Either.isRight(fitted) ? fitted.right.tool.parameters : undefined
  return [
    {
      name: shimTool,
      description: `Gives the final answer to the user, as the object "${format.name}".${asked}`,
      input_schema: inputSchema(schema ?? format.schema)
    }
  ]
}

export const tools = (request: ChatRequest, model: Model, dropped: Array<string>): Tools => {
  const own = ToolParameters.fitAll(request.tools ?? [], "anthropic-messages", dropped).map((tool, index) =>
    lowered(tool, `tools.${index}`, model, dropped)
  )
  const added = shim(request, model)
  const all = [...own, ...added]
  if (all.length === 0) return { tools: [], choice: null }
  const chosen = choice(request, added.length > 0)
  if (isForced(chosen) && !model.forcedTools) {
    dropped.push("tool_choice")
    return { tools: all, choice: choice({ ...request, toolChoice: "auto" }, false) }
  }
  const silent = chosen.type === "auto" && request.toolChoice === undefined && request.parallelToolCalls !== false
  return { tools: all, choice: silent ? null : chosen }
}

/** Whether the model must call a tool. It does not think then: the API refuses the two together. */
export const isForced = (choice: AnthropicToolChoice | null): boolean =>
  choice?.type === "any" || choice?.type === "tool"
