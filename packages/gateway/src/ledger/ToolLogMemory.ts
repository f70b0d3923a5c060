/** Tools in the ledger in memory. */
import { toUsd } from "@penstock/schema/Money"
import { type ToolCall, type ToolCallFilter, ToolCallRow, type Turn } from "@penstock/schema/ToolCallEntry"
import * as Effect from "effect/Effect"
import * as ToolLog from "./ToolLog.ts"

const toRow = (call: ToolCall): ToolCallRow =>
  new ToolCallRow({
    id: call.id,
    timestamp: new Date(call.startedAt).toISOString(),
    request_id: call.requestId,
    turn: call.turn,
    run_id: call.runId,
    workflow_name: call.workflowName,
    key_name: call.key,
    server: call.server,
    tool: call.tool,
    latency_ms: call.latencyMillis,
    status: call.status,
    error: call.error === null ? null : `${call.error.reason}: ${call.error.message}`,
    result_size: call.resultSize,
    cost_usd: call.cost === null ? null : toUsd(call.cost),
    cost_nanousd: call.cost
  })

const selects = (filter: ToolCallFilter, row: ToolCallRow): boolean => {
  const { cursor, key, request, run, server, status, tool, workflow } = filter
  return (
    (server === undefined || row.server === server) &&
    (tool === undefined || row.tool === tool) &&
    (key === undefined || row.key_name === key) &&
    (request === undefined || row.request_id === request) &&
    (run === undefined || row.run_id === run) &&
    (workflow === undefined || row.workflow_name === workflow) &&
    (status === undefined || row.status === status) &&
    (cursor === undefined || row.id < cursor)
  )
}

export const make = () => {
  let calls: ReadonlyArray<ToolCall> = []
  const turns: Array<Turn> = []
  const rows = () => calls.map(toRow).toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const log: ToolLog.ToolLog = {
    recordToolCall: (call) =>
      Effect.sync(() => {
        calls = [...calls, call]
      }),
    recordTurn: (turn) => Effect.sync(() => void turns.push(turn)),
    toolCalls: (filter) =>
      Effect.sync(() =>
        ToolLog.page(
          filter,
          rows()
            .filter((row) => selects(filter, row))
            .toReversed()
        )
      )
  }
  return {
    log,
    of: (id: string): ToolLog.Belonging => ({
      parent: turns.find((turn) => turn.id === id)?.parent ?? null,
      turns: turns
        .filter(({ parent }) => parent === id)
        .toSorted((one, other) => one.number - other.number)
        .map((turn) => turn.id),
      calls: rows().filter((row) => row.request_id === id)
    }),
    prune: (before: number): void => {
      calls = calls.filter(({ startedAt }) => startedAt >= before)
    }
  }
}
