/** The ledger's part about tools: calls of them, and the turns of the requests in whose answers they were made. */
import type { RequestDetail, RequestRow } from "@penstock/schema/LedgerEntry"
import type { ToolCall, ToolCallFilter, ToolCallPage, ToolCallRow, Turn } from "@penstock/schema/ToolCallEntry"
import type * as Effect from "effect/Effect"
import type { LedgerError } from "./Ledger.ts"

export interface ToolLog {
  /** Notes a call that has ended. Never fails: a database error is logged with the whole call. */
  readonly recordToolCall: (call: ToolCall) => Effect.Effect<void>
  /** Notes whose turn a request is. Never fails, as above. */
  readonly recordTurn: (turn: Turn) => Effect.Effect<void>
  readonly toolCalls: (filter: ToolCallFilter) => Effect.Effect<ToolCallPage, LedgerError>
}

/** What belongs to one request. */
export interface Belonging {
  readonly parent: string | null
  /** Ids of the turns after the first, in order. */
  readonly turns: ReadonlyArray<string>
  /** In the order of their beginning. */
  readonly calls: ReadonlyArray<ToolCallRow>
}

/** What a request's details say of it: only what there is. */
export const shown = (
  { calls, parent }: Omit<Belonging, "turns">,
  turns: ReadonlyArray<RequestRow>
): Pick<RequestDetail, "parent_id" | "turns" | "tool_calls"> => ({
  ...(parent === null ? {} : { parent_id: parent }),
  ...(turns.length === 0 ? {} : { turns }),
  ...(calls.length === 0 ? {} : { tool_calls: calls })
})

const defaultLimit = 100

export const limitOf = ({ limit = defaultLimit }: ToolCallFilter): number => limit

/** The page of a list that was read one row too far, to know whether there is a next one. */
export const page = (filter: ToolCallFilter, rows: ReadonlyArray<ToolCallRow>): ToolCallPage => {
  const calls = rows.slice(0, limitOf(filter))
  return { calls, next: rows.length > calls.length ? (calls.at(-1)?.id ?? null) : null }
}
