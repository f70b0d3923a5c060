/** What the ledger keeps of a request, and what it answers when asked. */
import * as Schema from "effect/Schema"
import { BudgetWindow } from "./config/Limits.ts"
import { RequestId } from "./Ids.ts"
import { NanoDollars } from "./Money.ts"
import { ToolCallRow } from "./ToolCallEntry.ts"
import { Trace } from "./Trace.ts"
import { Usage } from "./Usage.ts"

/**
 * - `open`: dispatched, not settled yet
 * - `ok`: a whole answer reached the caller
 * - `error`: no whole answer
 * - `partial`: the caller left
 * - `interrupted`: the process died
 */
export const Status = Schema.Literal("open", "ok", "error", "partial", "interrupted")
export type Status = typeof Status.Type

/** A limit on money: whose it is, and for how long. */
export const Budget = Schema.Struct({
  /** `gateway`, `key:NAME` or `run:ID`. */
  scope: Schema.String,
  limit: NanoDollars,
  per: BudgetWindow
})
export type Budget = typeof Budget.Type

/** Money held back from a budget until the request is settled: what it may cost at most. */
export const Hold = Schema.Struct({ budget: Budget, amount: NanoDollars })
export type Hold = typeof Hold.Type

/** A row as it is opened, before anything is sent to a provider. */
export const Opening = Schema.Struct({
  id: RequestId,
  /** Milliseconds since the epoch. */
  startedAt: Schema.Int,
  /** Name of the virtual key, null without authentication. */
  key: Schema.NullOr(Schema.String),
  /** The workflow that asked, null for a direct request. */
  workflowName: Schema.NullOr(Schema.String),
  /** The endpoint that was called: `chat.completions`. */
  endpoint: Schema.String,
  /** The model as the caller named it. */
  requestedModel: Schema.String,
  /** The first target: replaced at settlement by the target that answered. */
  provider: Schema.String,
  model: Schema.String,
  stream: Schema.Boolean,
  /** Where it belongs in a distributed trace, for those who listen; the ledger does not keep it. */
  trace: Schema.optional(Trace),
  /** One for each budget that the request counts in. */
  holds: Schema.Array(Hold)
})
export type Opening = typeof Opening.Type

/** One call to one target. */
export const Attempt = Schema.Struct({
  provider: Schema.String,
  model: Schema.String,
  outcome: Schema.Literal("ok", "error", "partial"),
  /** The reason of the failure (`GatewayError.reason`); null when there was none. */
  reason: Schema.NullOr(Schema.String),
  /** What the provider itself answered, null without an answer. */
  upstreamStatus: Schema.NullOr(Schema.Int),
  /** Milliseconds since the epoch. */
  startedAt: Schema.Int,
  latencyMillis: Schema.Int,
  /** From the attempt's start; null without a token. */
  firstTokenMillis: Schema.NullOr(Schema.Int),
  usage: Schema.NullOr(Usage),
  /** What the provider billed for it; null when that is unknown. */
  cost: Schema.NullOr(NanoDollars)
})
export type Attempt = typeof Attempt.Type

/** How a row ends. */
export const Settlement = Schema.Struct({
  id: RequestId,
  status: Schema.Literal("ok", "error", "partial"),
  /** The target that answered, or the last one tried. */
  provider: Schema.String,
  model: Schema.String,
  /** All attempts together; null when no provider sent counts. */
  usage: Schema.NullOr(Usage),
  /** Whether `usage` is our estimate: the provider gave no counts before the answer was broken off. */
  estimated: Schema.Boolean,
  /** All attempts together. Null when the price or the usage is unknown; never 0 instead. */
  cost: Schema.NullOr(NanoDollars),
  /** What an answer from the cache would have cost; null when it is none. */
  saved: Schema.NullOr(NanoDollars),
  /** From the request's arrival to its last byte, in milliseconds. */
  latencyMillis: Schema.Int,
  /** From the request's arrival to the first token, in milliseconds; null without one. */
  firstTokenMillis: Schema.NullOr(Schema.Int),
  /** Every call to a target, in order. */
  attempts: Schema.Array(Attempt),
  /** The reason of the failure (`GatewayError.reason`) and its message; null when there was none. */
  error: Schema.NullOr(Schema.Struct({ reason: Schema.String, message: Schema.String }))
})
export type Settlement = typeof Settlement.Type

/** One request as the ledger shows it; the columns of the `requests` view. */
export class RequestRow extends Schema.Class<RequestRow>("RequestRow")({
  id: Schema.String,
  /** ISO 8601, UTC, milliseconds. */
  timestamp: Schema.String,
  workflow_name: Schema.NullOr(Schema.String),
  key_name: Schema.NullOr(Schema.String),
  endpoint: Schema.String,
  requested_model: Schema.String,
  model: Schema.String,
  provider: Schema.String,
  stream: Schema.Boolean,
  prompt_tokens: Schema.NullOr(Schema.Int),
  completion_tokens: Schema.NullOr(Schema.Int),
  total_tokens: Schema.NullOr(Schema.Int),
  cache_read_tokens: Schema.NullOr(Schema.Int),
  cache_write_tokens: Schema.NullOr(Schema.Int),
  reasoning_tokens: Schema.NullOr(Schema.Int),
  cost_usd: Schema.NullOr(Schema.Number),
  cost_nanousd: Schema.NullOr(Schema.Int),
  latency_ms: Schema.NullOr(Schema.Int),
  first_token_ms: Schema.NullOr(Schema.Int),
  attempts: Schema.Int,
  success: Schema.Boolean,
  status: Status,
  error: Schema.NullOr(Schema.String),
  /** Whether the tokens are our own count: the provider gave none before the answer was broken off. */
  estimated: Schema.Boolean,
  /** What an answer from the cache would have cost; null when it came from a provider. */
  saved_usd: Schema.NullOr(Schema.Number),
  saved_nanousd: Schema.NullOr(Schema.Int)
}) {}

/** One call to one target as the ledger shows it; the columns of the `attempts` view. */
export class AttemptRow extends Schema.Class<AttemptRow>("AttemptRow")({
  request_id: Schema.String,
  /** 1 for the first. */
  number: Schema.Int,
  provider: Schema.String,
  model: Schema.String,
  outcome: Attempt.fields.outcome,
  reason: Schema.NullOr(Schema.String),
  /** What the provider itself answered. Null without an answer, and for an answer that was well. */
  status: Schema.NullOr(Schema.Int),
  /** ISO 8601, UTC, milliseconds. */
  timestamp: Schema.String,
  latency_ms: Schema.Int,
  first_token_ms: Schema.NullOr(Schema.Int),
  prompt_tokens: Schema.NullOr(Schema.Int),
  completion_tokens: Schema.NullOr(Schema.Int),
  total_tokens: Schema.NullOr(Schema.Int),
  cache_read_tokens: Schema.NullOr(Schema.Int),
  cost_usd: Schema.NullOr(Schema.Number),
  cost_nanousd: Schema.NullOr(Schema.Int)
}) {}

export class RequestDetail extends Schema.Class<RequestDetail>("RequestDetail")({
  request: RequestRow,
  /** In order; none before the request is settled, and none for an answer from the cache. */
  attempts: Schema.Array(AttemptRow),
  /** The request whose answer this one is a turn of; absent where it is none. */
  parent_id: Schema.optional(Schema.String),
  /** The turns after this one, the first, in order; absent without any. */
  turns: Schema.optional(Schema.Array(RequestRow)),
  /** The MCP tools that were called in the course of its answer, in order; absent without any. */
  tool_calls: Schema.optional(Schema.Array(ToolCallRow))
}) {}

/** Which requests to list. */
export const RequestFilter = Schema.Struct({
  model: Schema.optional(Schema.String),
  provider: Schema.optional(Schema.String),
  key: Schema.optional(Schema.String),
  workflow: Schema.optional(Schema.String),
  status: Schema.optional(Status),
  /** ISO 8601; inclusive. */
  from: Schema.optional(Schema.String),
  /** ISO 8601; exclusive. */
  to: Schema.optional(Schema.String),
  /** Page size, 1 to 1000; default 100. */
  limit: Schema.optional(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1000))),
  /** `next` of the page before. */
  cursor: Schema.optional(Schema.String)
})
export type RequestFilter = typeof RequestFilter.Type

/** Newest first. */
export class RequestPage extends Schema.Class<RequestPage>("RequestPage")({
  requests: Schema.Array(RequestRow),
  /** Cursor of the next page, null on the last one. */
  next: Schema.NullOr(Schema.String)
}) {}

export const CostDimension = Schema.Literal("model", "provider", "key", "workflow", "day")
export type CostDimension = typeof CostDimension.Type

/** Money and tokens of a group of requests. */
export class CostRow extends Schema.Class<CostRow>("CostRow")({
  /** Present when grouped by it. `day` is `YYYY-MM-DD`, UTC. */
  model: Schema.optional(Schema.String),
  provider: Schema.optional(Schema.String),
  key: Schema.optional(Schema.NullOr(Schema.String)),
  workflow: Schema.optional(Schema.NullOr(Schema.String)),
  day: Schema.optional(Schema.String),
  requests: Schema.Int,
  /** Requests with the status `error` or `interrupted`. */
  errors: Schema.Int,
  /** Requests whose cost is unknown: they are not in `cost_usd`. */
  unpriced: Schema.Int,
  prompt_tokens: Schema.Int,
  completion_tokens: Schema.Int,
  total_tokens: Schema.Int,
  cost_usd: Schema.Number,
  cost_nanousd: Schema.Int,
  /**
   * What the same tokens would have cost on the baseline model, and the difference. Requests whose own cost is unknown
   * are in neither: their savings are unknown too. Present when a baseline was asked for.
   */
  baseline_usd: Schema.optional(Schema.NullOr(Schema.Number)),
  saved_usd: Schema.optional(Schema.NullOr(Schema.Number))
}) {}

export class CostReport extends Schema.Class<CostReport>("CostReport")({
  by: Schema.Array(CostDimension),
  baseline: Schema.NullOr(Schema.String),
  costs: Schema.Array(CostRow),
  total: CostRow
}) {}

/** A declared budget and how much of it is left in the present window. */
export class BudgetState extends Schema.Class<BudgetState>("BudgetState")({
  /** `gateway`, `key:NAME` or `run:ID`. */
  scope: Schema.String,
  per: BudgetWindow,
  limit_usd: Schema.Number,
  /** These three are null for a budget per run: each run has sums of its own. */
  spent_usd: Schema.NullOr(Schema.Number),
  /** Held back for requests that are not settled yet. */
  reserved_usd: Schema.NullOr(Schema.Number),
  /** What a new request may cost at most; 0 when more was spent than allowed. */
  remaining_usd: Schema.NullOr(Schema.Number),
  /** ISO 8601, UTC. Both are null for `run` and `total`, which have no calendar window. */
  starts_at: Schema.NullOr(Schema.String),
  resets_at: Schema.NullOr(Schema.String)
}) {}

/** Which costs to sum. */
export interface CostQuery {
  readonly by: ReadonlyArray<CostDimension>
  /** `YYYY-MM-DD`; inclusive. */
  readonly from?: string | undefined
  /** `YYYY-MM-DD`; inclusive. */
  readonly to?: string | undefined
  /** A model whose price the same tokens are counted at. */
  readonly baseline?: string | undefined
}
