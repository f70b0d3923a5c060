import { assert, describe, it } from "@effect/vitest"
import { AlertsConfig } from "@penstock/schema/config/Alerts"
import * as Alert from "@penstock/server/alerts/Alert"
import * as Conditions from "@penstock/server/alerts/Conditions"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"

const config = Schema.decodeUnknownSync(AlertsConfig)({})
const alert = (key: string): Alert.Alert => ({ key, kind: "breaker", summary: key, details: {} })

describe("what is news", () => {
  it("whatever holds when, begin and end take turns, and whoever listens knows what holds", () => {
    const looks = FastCheck.array(FastCheck.uniqueArray(FastCheck.constantFrom("a", "b", "c", "d")))
    FastCheck.assert(
      FastCheck.property(looks, (all) => {
        let told: Alert.Told = new Map()
        const known = new Set<string>()
        all.forEach((holding, at) => {
          for (const event of Alert.news(told, holding.map(alert), at)) {
            assert.strictEqual(known.has(event.key), event.status === "resolved")
            if (event.status === "firing") known.add(event.key)
            else known.delete(event.key)
            told = Alert.tell(told, event)
          }
          assert.sameMembers([...known], holding)
        })
      })
    )
  })
})

describe("a share of failed requests", () => {
  it("is told of from the percentage on, and of enough requests only", () => {
    const at = (errors: number, requests: number) => Conditions.ofErrors(config, { errors, requests }).length
    assert.deepStrictEqual(
      [at(0, 0), at(19, 19), at(9, 20), at(10, 20), at(500, 1000), at(499, 1000)],
      [0, 0, 0, 1, 1, 0]
    )
  })
})
