/** The tools that steps and agents call, from the MCP servers of the hub. */
import type { McpError, Reason } from "@penstock/gateway/mcp/McpError"
import { McpHub } from "@penstock/gateway/mcp/McpHub"
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

const toFailure = Effect.mapError(
  ({ message, reason }: McpError) => new ToolFailure({ reason: reasons[reason], message })
)

const part = (content: McpContent) => ({
  ...content,
  ...(content.type === "text" ? { text: stringIn(content["text"]) } : {})
})

export const layer: Layer.Layer<Tools, never, McpHub> = Layer.effect(
  Tools,
  Effect.map(McpHub, (hub) => {
    const service: Service = {
      call: (server, tool, args) => {
        if (!isObject(args)) {
          const message = `${tool} of the MCP server ${server} takes a mapping of arguments`
          return Effect.fail(new ToolFailure({ reason: "invalid_request", message }))
        }
        return toFailure(hub.call(server, tool, args)).pipe(
          Effect.map((result) => ({ ...result, content: result.content.map(part) }))
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
