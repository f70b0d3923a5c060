/** Calls of MCP tools on behalf of a caller: whether it may, and what became of it. */
import type { Caller } from "@penstock/schema/api/Caller"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { McpToolResult } from "@penstock/schema/McpTool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Access from "../mcp/Access.ts"
import { toGatewayError } from "../mcp/McpError.ts"
import * as McpHub from "../mcp/McpHub.ts"
import type { JsonObject } from "../wire/Json.ts"

export interface ToolCall {
  readonly caller: Caller
  readonly server: string
  /** As its server calls it. */
  readonly tool: string
  readonly args: JsonObject
}

export interface Service {
  /**
   * Fails with `forbidden` where the caller's key does not reach, and as `McpHub.call` does. A failure that the tool
   * itself reports is a result with `isError`. Interruption cancels the call.
   */
  readonly call: (call: ToolCall, options?: McpHub.CallOptions) => Effect.Effect<McpToolResult, GatewayError>
}

export class ToolCalls extends Context.Tag("@penstock/gateway/tools/ToolCalls")<ToolCalls, Service>() {}

const make = Effect.map(McpHub.McpHub, (hub) => {
  const service: Service = {
    call: Effect.fn("ToolCalls.call")(function* ({ args, caller, server, tool }, options) {
      const refusal = Access.refusal(caller, server, tool)
      if (refusal !== null) return yield* refusal
      return yield* Effect.mapError(hub.call(server, tool, args, options), toGatewayError)
    })
  }
  return service
})

export const layer: Layer.Layer<ToolCalls, never, McpHub.McpHub> = Layer.effect(ToolCalls, make)
