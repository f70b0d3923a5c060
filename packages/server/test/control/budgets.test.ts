import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { RequestId } from "@penstock/schema/Ids"
import { fromUsd } from "@penstock/schema/Money"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { bearer, start } from "./harness.ts"

const config = {
  server: { auth: "keys", admin_key: "admin-key-1" },
  budget: { usd: 10, per: "total" },
  keys: [{ name: "alice", key: "alice-key-1", budget: { usd: 1, per: "day" } }]
}

describe("GET /v1/budgets", () => {
  it.scoped("tells the admin what is spent, reserved and left of every budget", () =>
    Effect.gen(function* () {
      const { ask, context } = yield* start({ config })
      const budget = { scope: "gateway", limit: fromUsd(10), per: "total" } as const
      yield* Context.get(context, Ledger).open({
        id: RequestId.make(`req_${"0".repeat(24)}`),
        startedAt: yield* Clock.currentTimeMillis,
        key: null,
        workflowName: null,
        endpoint: "chat.completions",
        requestedModel: "gpt-4o",
        provider: "openai",
        model: "gpt-4o",
        stream: false,
        holds: [{ budget, amount: fromUsd(2.5) }]
      })
      const { json, status } = yield* ask("/v1/budgets", bearer("admin-key-1"))
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(json.budgets[0], {
        scope: "gateway",
        per: "total",
        limit_usd: 10,
        spent_usd: 0,
        reserved_usd: 2.5,
        remaining_usd: 7.5,
        starts_at: null,
        resets_at: null
      })
      assert.deepInclude(json.budgets[1], { scope: "key:alice", per: "day", remaining_usd: 1 })
      const { resets_at, starts_at } = json.budgets[1]
      assert.strictEqual(Date.parse(resets_at) - Date.parse(starts_at), 86_400_000)
    })
  )

  it.scoped("is for the admin", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      assert.strictEqual((yield* ask("/v1/budgets")).status, 401)
      assert.strictEqual((yield* ask("/v1/budgets", bearer("alice-key-1"))).status, 403)
    })
  )
})
