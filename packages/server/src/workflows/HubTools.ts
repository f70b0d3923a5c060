/** The tools that steps and agents call, from the MCP servers of the hub. */
import { anonymous } from "@penstock/gateway/keys/Keys"
import { McpError, type Reason } from "@penstock/gateway/mcp/McpError"
import { McpHub } from "@penstock/gateway/mcp/McpHub"
import { type CallError, ToolCalls } from "@penstock/gateway/tools/ToolCalls"
import { isObject, stringIn } from "@penstock/gateway/wire/Json"
import type { McpContent } from "@penstock/schema/McpTool"
import { ToolFailure, Tools, type Service } from "@penstock/workflow/runtime/Tools"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const reasons: { readonly [R in Reason]: ToolFailure["reason"] } = {
  unknown_server: "invalid_request",
  unknown_tool: "invalid_request",
  unknown_resource: "invalid_request",
  unknown_prompt: "invalid_request",
  invalid_arguments: "invalid_request",
  refused: "invalid_request",
  conflict: "invalid_request",
  not_running: "network",
  timeout: "timeout",
  protocol: "server",
  result_too_large: "server",
  tool_error: "server"
}

/** What is none of the server's failures is a budget that is used up. */
const toFailure = Effect.mapError(
  (error: CallError) =>
    new ToolFailure({
      reason: error instanceof McpError ? reasons[error.reason] : "invalid_request",
      message: error.message
    })
)

const part = (content: McpContent) => ({
  ...content,
  ...(content.type === "text" ? { text: stringIn(content["text"]) } : {})
})

export const layer: Layer.Layer<Tools, never, McpHub | ToolCalls> = Layer.effect(
  Tools,
  Effect.map(Effect.all([McpHub, ToolCalls]), ([hub, calls]) => {
    const service: Service = {
      call: (server, tool, args) => {
        if (!isObject(args)) {
          const message = `${tool} of the MCP server ${server} takes a mapping of arguments`
          return Effect.fail(new ToolFailure({ reason: "invalid_request", message }))
        }
        return toFailure(calls.call({ caller: anonymous, server, tool, args })).pipe(
          Effect.map(({ result }) => ({ ...result, content: result.content.map(part) }))
        )
      },
      list: (server) =>
        Effect.map(toFailure(hub.tools(server)), (tools) =>
          tools.map(({ description, inputSchema, tool }) => ({ name: tool, description, inputSchema }))
        )
    }
    return service
  })
)
