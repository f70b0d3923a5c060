/**
 * Calls of MCP tools on behalf of a caller: whether it may, what it costs, and what became of it, in the ledger.
 *
 * A tool whose server has a price (`mcp.servers.*.cost_per_call`) is paid for like a model: the price is held in the
 * caller's budgets before the call, and the call has a row among the requests, of the provider `mcp`. It costs nothing
 * where there is no answer.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import type { McpToolResult } from "@penstock/schema/McpTool"
import { fromUsd, NanoDollars } from "@penstock/schema/Money"
import type { Trace } from "@penstock/schema/Trace"
import type { ToolCall as Entry } from "@penstock/schema/ToolCallEntry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Budgets, type Run } from "../budgets/Budgets.ts"
import * as Tracing from "../exchange/Tracing.ts"
import { Ledger } from "../ledger/Ledger.ts"
import * as Access from "../mcp/Access.ts"
import type { McpError } from "../mcp/McpError.ts"
import * as McpHub from "../mcp/McpHub.ts"
import * as RequestIds from "../RequestId.ts"
import { Settings } from "../Settings.ts"
import type { JsonObject } from "../wire/Json.ts"
import * as ToolOutcome from "./ToolOutcome.ts"

export interface ToolCall {
  readonly caller: Caller
  readonly server: string
  /** As its server calls it. */
  readonly tool: string
  readonly args: JsonObject
  /** The request in whose answer it is called, and after which turn; absent for a call by itself. */
  readonly within?: {
    readonly request: RequestId
    readonly turn: number
    readonly trace?: Trace | undefined
  }
  /** The workflow's run that calls it, and what that may spend. */
  readonly of?: { readonly workflow: string; readonly run: Run }
}

export interface Called {
  readonly result: McpToolResult
  /** Null where the server has no price. */
  readonly cost: NanoDollars | null
}

export type CallError = GatewayError.GatewayError | McpError

export interface Service {
  /**
   * Fails with `forbidden` where the caller's key does not reach, with `budget_exceeded`, and as `McpHub.call` does. A
   * failure that the tool itself reports is a result with `isError`. Interruption cancels the call.
   */
  readonly call: (call: ToolCall, options?: McpHub.CallOptions) => Effect.Effect<Called, CallError>
}

export class ToolCalls extends Context.Tag("@penstock/gateway/tools/ToolCalls")<ToolCalls, Service>() {}

type Ending = Exit.Exit<McpToolResult, CallError>

const nothing = NanoDollars.make(0)

const failureOf = (cause: Cause.Cause<CallError>): Entry["error"] => {
  if (Cause.isInterruptedOnly(cause)) return null
  const failure = Cause.failureOption(cause)
  return failure._tag === "Some"
    ? { reason: failure.value.reason, message: failure.value.message }
    : { reason: "internal", message: "Penstock failed; the log has the cause." }
}

const statusOf = (exit: Ending): Entry["status"] => {
  if (Exit.isSuccess(exit)) return exit.value.isError ? "tool_error" : "ok"
  return Cause.isInterruptedOnly(exit.cause) ? "cancelled" : "error"
}

/** How the row of a call that is paid for ends. */
const rowStatus = { ok: "ok", tool_error: "ok", error: "error", cancelled: "partial" } as const

const ledgerFailed = Effect.fail(
  GatewayError.make("internal", "The ledger cannot be written, so the tool was not called. The log has the cause.", {
    code: "ledger_unavailable"
  })
)

const make = Effect.gen(function* () {
  const hub = yield* McpHub.McpHub
  const ledger = yield* Ledger
  const budgets = yield* Budgets
  const settings = yield* Settings

  const priceOf = (server: string): NanoDollars | null => {
    const usd = settings.current().mcp.servers[server]?.cost_per_call
    return usd === undefined ? null : fromUsd(usd)
  }

  const traceOf = (id: RequestId, { of, within }: ToolCall): Trace | undefined => {
    if (within !== undefined) return within.trace
    const config = settings.current()
    if (of !== undefined) return Tracing.ofRun(config, of.run)
    return Tracing.isRecorded(config) ? Tracing.beginning(id) : undefined
  }

  /** The row is opened before the call and settled whatever happens. */
  const paid = (
    id: RequestId,
    startedAt: number,
    { caller, of, server, tool }: ToolCall,
    price: NanoDollars,
    called: Effect.Effect<McpToolResult, CallError>
  ) => {
    const target = { provider: "mcp", model: `${server}/${tool}` }
    const row = {
      id,
      startedAt,
      key: caller.key,
      workflowName: of?.workflow ?? null,
      endpoint: "mcp.tool",
      requestedModel: target.model,
      ...target,
      stream: false,
      holds: budgets.holds(caller, of?.run ?? null, () => price)
    }
    const opening = budgets.open(row, { run: of?.run ?? null })
    const settle = (exit: Ending) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        ledger.settle({
          id,
          status: rowStatus[statusOf(exit)],
          ...target,
          usage: null,
          estimated: false,
          cost: Exit.isSuccess(exit) ? price : nothing,
          saved: null,
          latencyMillis: Math.max(0, now - startedAt),
          firstTokenMillis: null,
          attempts: [],
          error: Exit.isFailure(exit) ? failureOf(exit.cause) : null
        })
      )
    return Effect.acquireUseRelease(
      Effect.catchTag(opening, "LedgerError", () => ledgerFailed),
      () => called,
      (_, exit) => settle(exit)
    )
  }

  const call: Service["call"] = Effect.fn("ToolCalls.call")(function* (wanted, options) {
    const { args, caller, of, server, tool, within } = wanted
    const refusal = Access.refusal(caller, server, tool)
    if (refusal !== null) return yield* refusal
    const startedAt = yield* Clock.currentTimeMillis
    const id = RequestIds.at(startedAt)
    const price = priceOf(server)
    const trace = traceOf(id, wanted)
    const traceparent = trace === undefined ? null : Tracing.header(trace, id)
    const called: Effect.Effect<McpToolResult, CallError> = hub.call(
      server,
      tool,
      args,
      traceparent === null ? options : { ...options, traceparent }
    )
    const record = (exit: Ending) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        ledger.recordToolCall({
          id,
          requestId: within?.request ?? null,
          turn: within?.turn ?? null,
          runId: of?.run.id ?? null,
          workflowName: of?.workflow ?? null,
          key: caller.key,
          server,
          tool,
          startedAt,
          latencyMillis: Math.max(0, now - startedAt),
          status: statusOf(exit),
          error: Exit.isFailure(exit) ? failureOf(exit.cause) : null,
          resultSize: Exit.isSuccess(exit) ? ToolOutcome.sizeOf(exit.value) : null,
          cost: price === null ? null : Exit.isSuccess(exit) ? price : nothing,
          ...(trace === undefined ? {} : { trace })
        })
      )
    const result = yield* Effect.onExit(price === null ? called : paid(id, startedAt, wanted, price, called), record)
    return { result, cost: price }
  })

  const service: Service = { call }
  return service
})

export const layer: Layer.Layer<ToolCalls, never, McpHub.McpHub | Ledger | Budgets | Settings> = Layer.effect(
  ToolCalls,
  make
)
