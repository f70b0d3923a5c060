import { assert, describe, it } from "@effect/vitest"
import * as Keys from "@penstock/gateway/keys/Keys"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import { config, conforms, decodeConfig, newKey, settings, whoIs } from "./conformance.ts"

conforms("Keys.layerMemory", Keys.layerMemory)

describe("created keys", () => {
  it.effect("give way to a declared key of their name, and come back when it goes", () => {
    let current: PenstockConfig = config()
    return Effect.gen(function* () {
      const keys = yield* Keys.Keys
      const made = yield* keys.create(newKey("bob"))
      current = config([{ name: "bob", key: "declared-bob" }])
      assert.strictEqual(whoIs(keys, made), "key_disabled")
      assert.strictEqual(keys.authenticate("declared-bob")._tag, "Right")
      assert.strictEqual((yield* keys.get("bob")).source, "config")
      assert.strictEqual((yield* Effect.flip(keys.remove("bob"))).code, "declared_key")
      current = config()
      assert.strictEqual(whoIs(keys, made), "bob")
    }).pipe(Effect.provide(Keys.layerMemory), Effect.provide(settings(() => current)))
  })

  it.effect("are not asked for without authentication", () =>
    Effect.gen(function* () {
      const keys = yield* Keys.Keys
      const made = yield* keys.create(newKey("bob"))
      yield* keys.update("bob", { disabled: true })
      assert.isNull(whoIs(keys, made))
    }).pipe(Effect.provide(Keys.layerMemory), Effect.provide(settings(() => decodeConfig({}))))
  )

  it.effect("are refused where there is no place for them, with the reason", () =>
    Effect.gen(function* () {
      const keys = yield* Keys.Keys
      const error = yield* Effect.flip(keys.create(newKey("bob")))
      assert.strictEqual(error.status, 409)
      assert.strictEqual(error.code, "keys_not_kept")
      assert.deepStrictEqual(
        (yield* keys.list).map(({ name }) => name),
        ["alice"]
      )
      assert.strictEqual((yield* Effect.flip(keys.update("bob", {}))).code, "keys_not_kept")
    }).pipe(Effect.provide(Keys.layer), Effect.provide(settings()))
  )
})
