/** What the ledger keeps of calls of MCP tools, and of requests that took several turns. */
import * as Schema from "effect/Schema"
import { RequestId } from "./Ids.ts"
import { NanoDollars } from "./Money.ts"
import { Trace } from "./Trace.ts"

/**
 * - `ok`: the tool answered
 * - `tool_error`: it answered that it failed
 * - `error`: no answer, or none that was asked for
 * - `cancelled`: nobody wanted the answer any more
 */
export const ToolCallStatus = Schema.Literal("ok", "tool_error", "error", "cancelled")
export type ToolCallStatus = typeof ToolCallStatus.Type

/** A call as it has ended. */
export const ToolCall = Schema.Struct({
  /** Where the call costs something, also that of its row among the requests. */
  id: RequestId,
  /** The request in whose answer it was made; null for a call by itself. */
  requestId: Schema.NullOr(RequestId),
  /** The turn of that request after which it was made, from 1; null without a request. */
  turn: Schema.NullOr(Schema.Int),
  /** The workflow's run that made it, and the workflow's name; null outside of one. */
  runId: Schema.NullOr(Schema.String),
  workflowName: Schema.NullOr(Schema.String),
  key: Schema.NullOr(Schema.String),
  server: Schema.String,
  /** As its server calls it. */
  tool: Schema.String,
  /** Milliseconds since the epoch. */
  startedAt: Schema.Int,
  latencyMillis: Schema.Int,
  status: ToolCallStatus,
  /** The failure's reason (`GatewayError.reason`) and message; null without one. */
  error: Schema.NullOr(Schema.Struct({ reason: Schema.String, message: Schema.String })),
  /** Characters of the answer, base64 for what is no text; null without one. */
  resultSize: Schema.NullOr(Schema.Int),
  /** Null where the server has no price. */
  cost: Schema.NullOr(NanoDollars),
  /** Where it belongs in a distributed trace, for those who listen; the ledger does not keep it. */
  trace: Schema.optional(Trace)
})
export type ToolCall = typeof ToolCall.Type

/** A request that was made in the course of another one's answer. */
export interface Turn {
  readonly id: RequestId
  /** The request that the caller made, which is the first turn. */
  readonly parent: RequestId
  /** From 2. */
  readonly number: number
}

/** A call as the ledger shows it; the columns of the `tool_calls` view. */
export class ToolCallRow extends Schema.Class<ToolCallRow>("ToolCallRow")({
  id: Schema.String,
  /** ISO 8601, UTC, milliseconds. */
  timestamp: Schema.String,
  request_id: Schema.NullOr(Schema.String),
  turn: Schema.NullOr(Schema.Int),
  run_id: Schema.NullOr(Schema.String),
  workflow_name: Schema.NullOr(Schema.String),
  key_name: Schema.NullOr(Schema.String),
  server: Schema.String,
  tool: Schema.String,
  latency_ms: Schema.Int,
  status: ToolCallStatus,
  error: Schema.NullOr(Schema.String),
  result_size: Schema.NullOr(Schema.Int),
  cost_usd: Schema.NullOr(Schema.Number),
  cost_nanousd: Schema.NullOr(Schema.Int)
}) {}

/** Which calls to list. */
export const ToolCallFilter = Schema.Struct({
  server: Schema.optional(Schema.String),
  tool: Schema.optional(Schema.String),
  key: Schema.optional(Schema.String),
  /** The `x-request-id` of the answer in which they were made. */
  request: Schema.optional(Schema.String),
  /** The run in which they were made. */
  run: Schema.optional(Schema.String),
  workflow: Schema.optional(Schema.String),
  status: Schema.optional(ToolCallStatus),
  /** Page size, 1 to 1000; default 100. */
  limit: Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1000))),
  /** `next` of the page before. */
  cursor: Schema.optional(RequestId)
})
export type ToolCallFilter = typeof ToolCallFilter.Type

/** Newest first. */
export class ToolCallPage extends Schema.Class<ToolCallPage>("ToolCallPage")({
  calls: Schema.Array(ToolCallRow),
  /** Cursor of the next page, null on the last one. */
  next: Schema.NullOr(Schema.String)
}) {}
