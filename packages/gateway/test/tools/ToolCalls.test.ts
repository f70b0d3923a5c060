import { assert, describe, it } from "@effect/vitest"
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import { anonymous } from "@penstock/gateway/keys/Keys"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import { McpError } from "@penstock/gateway/mcp/McpError"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import * as Settings from "@penstock/gateway/Settings"
import * as ToolCalls from "@penstock/gateway/tools/ToolCalls"
import type { Caller } from "@penstock/schema/api/Caller"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { config, id, prices } from "../ledger/Fixtures.ts"

const hub = McpHub.layerMemory({
  shop: {
    tools: ["buy", "fail", "break", "hang"].map((name) => ({ name, inputSchema: { type: "object" } })),
    call: (tool) => {
      if (tool === "hang") return Effect.never
      if (tool === "break") return new McpError({ reason: "timeout", server: "shop", tool, message: "too late" })
      return Effect.succeed({ content: [{ type: "text", text: "12345" }], isError: tool === "fail" })
    }
  }
})

const run = <A, E>(
  raw: object,
  use: (calls: ToolCalls.Service) => Effect.Effect<A, E, Ledger | Budgets.Budgets>
): Effect.Effect<A, E> =>
  Effect.flatMap(ToolCalls.ToolCalls, use).pipe(
    Effect.provide(
      ToolCalls.layer.pipe(
        Layer.provideMerge(Layer.merge(Budgets.layer, hub)),
        Layer.provideMerge(
          Layer.merge(Layer.provide(LedgerMemory.layer, prices()), Settings.layer(config({ mcp: raw })))
        )
      )
    )
  )

const alice: Caller = { ...anonymous, key: "alice", budget: { usd: 0.01, per: "day" } }
const buy = (tool: string, caller: Caller = alice): ToolCalls.ToolCall => ({ caller, server: "shop", tool, args: {} })
const priced = { servers: { shop: { command: "shop", cost_per_call: 0.004 } } }

/** Lets everything run that can run without time passing. */
const settled = Effect.repeatN(Effect.yieldNow(), 50)

/** Lists are in the order of their time; what begins in the same millisecond is in any. */
const later = TestClock.adjust("1 millis")

const listed = Effect.flatMap(Ledger, (ledger) => ledger.toolCalls({}))
const rows = Effect.flatMap(Ledger, (ledger) => ledger.requests({}))
const spent = Effect.flatMap(Budgets.Budgets, (budgets) =>
  Effect.map(
    budgets.states([{ name: "alice", budget: alice.budget }]),
    ([state]) => [state?.spent_usd, state?.reserved_usd] as const
  )
)

describe("a call of a tool", () => {
  it.live("is in the ledger however it ended, and costs nothing where its server has no price", () =>
    run({}, (calls) =>
      Effect.gen(function* () {
        const within = { request: id(1), turn: 2 }
        assert.isNull((yield* calls.call({ ...buy("buy"), within })).cost)
        yield* calls.call(buy("fail"))
        yield* Effect.flip(calls.call(buy("break")))
        yield* Effect.flip(calls.call(buy("nothing")))
        const hanging = yield* Effect.fork(calls.call(buy("hang")))
        yield* settled
        yield* Fiber.interrupt(hanging)
        const { calls: all } = yield* listed
        const byTool = Object.fromEntries(all.map((each) => [each.tool, each]))
        assert.deepInclude(byTool["buy"], {
          request_id: id(1),
          turn: 2,
          key_name: "alice",
          status: "ok",
          result_size: 5,
          cost_usd: null
        })
        assert.strictEqual(byTool["fail"]?.status, "tool_error")
        assert.deepInclude(byTool["break"], { status: "error", error: "timeout: too late", result_size: null })
        assert.include(byTool["nothing"]?.error, "unknown_tool")
        assert.strictEqual(byTool["hang"]?.status, "cancelled")
        assert.deepStrictEqual((yield* rows).requests, [])
      })
    )
  )

  it.effect(
    "that has a price is held in its caller's budget, counted where there is an answer, and a row among the requests",
    () =>
      run(priced, (calls) =>
        Effect.gen(function* () {
          yield* calls.call(buy("buy"))
          yield* later
          yield* Effect.flip(calls.call(buy("break")))
          yield* later
          assert.deepStrictEqual(yield* spent, [0.004, 0])
          const hanging = yield* Effect.fork(calls.call(buy("hang")))
          yield* settled
          assert.deepStrictEqual(yield* spent, [0.004, 0.004])
          yield* Fiber.interrupt(hanging)
          yield* later
          yield* calls.call(buy("fail"))
          assert.deepStrictEqual(yield* spent, [0.008, 0])
          yield* later
          const refused = yield* Effect.flip(calls.call(buy("buy")))
          assert.deepInclude(refused, { reason: "budget_exceeded" })
          assert.deepStrictEqual(
            (yield* rows).requests.map(({ cost_usd, model, provider, status }) => [provider, model, status, cost_usd]),
            [
              ["mcp", "shop/fail", "ok", 0.004],
              ["mcp", "shop/hang", "partial", 0],
              ["mcp", "shop/break", "error", 0],
              ["mcp", "shop/buy", "ok", 0.004]
            ]
          )
          const { calls: all } = yield* listed
          assert.strictEqual(all.length, 5)
          assert.deepInclude(all[0], { status: "error", cost_usd: 0 })
        })
      )
  )

  it.live("is refused where the key does not reach, and nothing is called or noted", () =>
    run(priced, (calls) =>
      Effect.gen(function* () {
        const bob: Caller = { ...anonymous, key: "bob", mcp: { servers: ["*"], tools: ["fail"] } }
        assert.deepInclude(yield* Effect.flip(calls.call(buy("buy", bob))), { code: "mcp_not_allowed" })
        assert.deepStrictEqual((yield* listed).calls, [])
      })
    )
  )
})
