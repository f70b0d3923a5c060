import { assert, describe, it } from "@effect/vitest"
import * as Policy from "@penstock/gateway/failover/Policy"
import * as RoutingTable from "@penstock/gateway/routing/RoutingTable"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Schema from "effect/Schema"

const tableOf = (config: object) =>
  RoutingTable.make(Schema.decodeUnknownSync(PenstockConfig)(config), {
    providers: new Set(["a", "b"]),
    aliases: { local: { provider: "a", family: null } }
  })

describe("the policy of a model", () => {
  it("is the built-in one where nothing is written", () => {
    const table = tableOf({ models: { fast: { targets: ["a/x"] } } })
    for (const name of ["fast", "a/x", "local", "gpt-4o"])
      assert.deepStrictEqual(table.match(name).policy, Policy.builtIn)
  })

  it("is overridden key by key: by the defaults, then by the model's own entry", () => {
    const table = tableOf({
      defaults: {
        retry: { max: 5, delay: "1s" },
        timeout: { idle: "1m" },
        fallback_on: ["server"],
        hedge: { after: "2s" }
      },
      models: {
        fast: {
          targets: ["a/x"],
          retry: { delay: "3s", jitter: "none" },
          timeout: { connect: "1s" },
          stream: { commit: "complete" },
          breaker: { failures: 1 },
          hedge: { after: "1s", max_share: 0.5 }
        },
        other: "fast"
      }
    })
    const expected: Policy.Policy = {
      retry: { max: 5, delay: 3000, factor: 2, maxDelay: 10_000, jitter: "none" },
      timeout: { connect: 1000, firstToken: 30_000, idle: 60_000, total: 600_000 },
      commit: "complete",
      fallbackOn: new Set(["server"]),
      breaker: { failures: 1, window: 30_000, cooldown: 10_000 },
      hedge: { after: 1000, maxShare: 0.5 }
    }
    assert.deepStrictEqual(table.match("fast").policy, expected)
    // Another name for the same.
    assert.deepStrictEqual(table.match("other").policy, expected)
    // What is not named in `models` has the defaults.
    const { policy } = table.match("a/x")
    assert.deepStrictEqual([policy.retry.max, policy.retry.delay, policy.timeout.idle], [5, 1000, 60_000])
    assert.deepStrictEqual(policy.hedge, { after: 2000, maxShare: 0.05 })
  })

  it("leaves half of a short total to another target, unless a phase's own limit is written beside it", () => {
    const table = tableOf({
      models: {
        short: { targets: ["a/x"], timeout: { total: "5s" } },
        own: { targets: ["a/x"], timeout: { total: "5s", first_token: "4s" } }
      }
    })
    const half = { connect: 2500, firstToken: 2500, idle: 2500, total: 5000 }
    assert.deepStrictEqual(table.match("short").policy.timeout, half)
    assert.deepStrictEqual(table.match("own").policy.timeout, { ...half, firstToken: 4000 })
  })
})

describe("a target", () => {
  it("has the share and the capabilities that are written, through names of names", () => {
    const table = tableOf({
      models: {
        pair: { targets: ["a/x", { model: "b/y", weight: 3, capabilities: { tools: false, vision: true } }] },
        all: {
          targets: [
            { model: "pair", weight: 8, capabilities: { tools: true } },
            { model: "a/z", weight: 2 }
          ],
          strategy: "weighted"
        }
      }
    })
    const { strategy, targets } = table.match("all")
    assert.strictEqual(strategy, "weighted")
    assert.deepStrictEqual(
      targets.map(({ capabilities, weight }) => [weight, capabilities]),
      [
        [2, { tools: true }],
        [6, { tools: true, vision: true }],
        [2, {}]
      ]
    )
  })
})
