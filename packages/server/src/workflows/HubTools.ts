/**
 * The tools that steps and agents call, from the MCP servers of the hub: as the run's caller, within the limits of its
 * key, of its budgets and of the run's, and with a row in the ledger.
 */
import { anonymous } from "@penstock/gateway/keys/Keys"
import * as Access from "@penstock/gateway/mcp/Access"
import { McpError, type Reason } from "@penstock/gateway/mcp/McpError"
import { McpHub } from "@penstock/gateway/mcp/McpHub"
import { type CallError, ToolCalls } from "@penstock/gateway/tools/ToolCalls"
import { isObject, stringIn } from "@penstock/gateway/wire/Json"
import type { McpContent } from "@penstock/schema/McpTool"
import * as StepError from "@penstock/workflow/runtime/StepError"
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
  (error: CallError) =>
    new ToolFailure({
      reason: error instanceof McpError ? reasons[error.reason] : StepError.reasonOf(error.reason),
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
      call: (server, tool, args, { caller, run, workflow }) => {
        if (!isObject(args)) {
          const message = `${tool} of the MCP server ${server} takes a mapping of arguments`
          return Effect.fail(new ToolFailure({ reason: "invalid_request", message }))
        }
        return toFailure(calls.call({ caller: caller ?? anonymous, server, tool, args, of: { run, workflow } })).pipe(
          Effect.map(({ cost, result }) => ({
            ...result,
            content: result.content.map(part),
            ...(cost === null ? {} : { cost })
          }))
        )
      },
      list: (server, caller) =>
        Effect.map(toFailure(hub.tools(server)), (tools) =>
          Access.usable(caller ?? anonymous, tools).map(({ description, inputSchema, tool }) => ({
            name: tool,
            description,
            inputSchema
          }))
        )
    }
    return service
  })
)
