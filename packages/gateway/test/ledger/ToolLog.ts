/** What every ledger promises of calls of tools, and of the turns of a request. */
import { assert, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { RequestDetail } from "@penstock/schema/LedgerEntry"
import { type ToolCall, ToolCallPage } from "@penstock/schema/ToolCallEntry"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { id, nano, noon, opening, settlement } from "./Fixtures.ts"

const call = (number: number, over: Partial<ToolCall> = {}): ToolCall => ({
  id: id(number),
  requestId: null,
  turn: null,
  runId: null,
  workflowName: null,
  key: "alice",
  server: "files",
  tool: "read_file",
  startedAt: noon + number,
  latencyMillis: 12,
  status: "ok",
  error: null,
  resultSize: 100,
  cost: null,
  ...over
})

export const keepsToolLog = (run: <A, E>(effect: Effect.Effect<A, E, Ledger>) => Effect.Effect<A, unknown>) => {
  it.live("calls of tools are listed, newest first, by whatever tells them apart, in pages", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        const failure = { reason: "timeout", message: "too late" }
        yield* ledger.recordToolCall(call(1))
        yield* ledger.recordToolCall(call(3, { status: "error", error: failure, resultSize: null, key: "bob" }))
        yield* ledger.recordToolCall(call(2, { server: "docs", tool: "search", cost: nano(2_000_000) }))
        yield* ledger.recordToolCall(call(4, { runId: "run_1", workflowName: "count" }))
        const numbers = (filter: Parameters<typeof ledger.toolCalls>[0]) =>
          Effect.map(ledger.toolCalls(filter), ({ calls }) =>
            calls.map((each) => Number.parseInt(each.id.slice(-3), 16))
          )
        assert.deepStrictEqual(yield* numbers({}), [4, 3, 2, 1])
        assert.deepStrictEqual(yield* numbers({ server: "files" }), [4, 3, 1])
        assert.deepStrictEqual(yield* numbers({ run: "run_1" }), [4])
        assert.deepStrictEqual(yield* numbers({ workflow: "count" }), [4])
        assert.deepStrictEqual(yield* numbers({ workflow: "count", run: "run_2" }), [])
        assert.deepStrictEqual(yield* numbers({ tool: "search" }), [2])
        assert.deepStrictEqual(yield* numbers({ key: "bob" }), [3])
        assert.deepStrictEqual(yield* numbers({ status: "error", server: "files" }), [3])
        assert.deepStrictEqual(yield* numbers({ server: "nobody's" }), [])
        const first = yield* ledger.toolCalls({ limit: 3 })
        assert.strictEqual(first.next, id(2))
        const rest = yield* ledger.toolCalls({ limit: 2, cursor: id(2) })
        assert.deepStrictEqual([rest.calls.map((each) => each.id), rest.next], [[id(1)], null])
        assert.deepStrictEqual(
          { ...first.calls[2] },
          {
            id: id(2),
            timestamp: new Date(noon + 2).toISOString(),
            request_id: null,
            turn: null,
            run_id: null,
            workflow_name: null,
            key_name: "alice",
            server: "docs",
            tool: "search",
            latency_ms: 12,
            status: "ok",
            error: null,
            result_size: 100,
            cost_usd: 0.002,
            cost_nanousd: 2_000_000
          }
        )
        assert.strictEqual(first.calls[1]?.error, "timeout: too late")
        yield* Schema.encode(ToolCallPage)(first)
      })
    )
  )

  it.live("a request shows its turns and the tools that were called in it, and a turn whose it is", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        for (const number of [1, 3, 5]) {
          yield* ledger.open(opening(number))
          yield* ledger.settle(settlement(number))
        }
        yield* ledger.recordTurn({ id: id(5), parent: id(1), number: 3 })
        yield* ledger.recordTurn({ id: id(3), parent: id(1), number: 2 })
        yield* ledger.recordToolCall(call(4, { requestId: id(1), turn: 2 }))
        yield* ledger.recordToolCall(call(2, { requestId: id(1), turn: 1 }))
        yield* ledger.recordToolCall(call(6))
        yield* ledger.flush
        const whole = yield* ledger.request(id(1))
        assert.deepStrictEqual(
          whole?.turns?.map((turn) => turn.id),
          [id(3), id(5)]
        )
        assert.deepStrictEqual(
          whole?.tool_calls?.map((each) => [each.id, each.turn]),
          [
            [id(2), 1],
            [id(4), 2]
          ]
        )
        assert.notProperty(whole, "parent_id")
        yield* Schema.encode(RequestDetail)(whole!)
        const turn = yield* ledger.request(id(3))
        assert.strictEqual(turn?.parent_id, id(1))
        assert.notProperty(turn, "turns")
        assert.deepStrictEqual(
          (yield* ledger.toolCalls({ request: id(1) })).calls.map((each) => each.id),
          [id(4), id(2)]
        )
      })
    )
  )

  it.live("calls of tools are pruned with the requests of their time", () =>
    run(
      Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.recordToolCall(call(1))
        yield* ledger.recordToolCall(call(9))
        yield* ledger.prune(noon + 5)
        assert.deepStrictEqual(
          (yield* ledger.toolCalls({})).calls.map((each) => each.id),
          [id(9)]
        )
      })
    )
  )
}
