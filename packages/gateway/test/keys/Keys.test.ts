import { assert, describe, it } from "@effect/vitest"
import * as Keys from "@penstock/gateway/keys/Keys"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as fc from "effect/FastCheck"

const decode = Schema.decodeUnknownSync(PenstockConfig)
const withKeys = (more: object = {}) =>
  decode({
    server: { auth: "keys", admin_key: "admin-key-1", ...more },
    keys: [
      { name: "alice", key: "alice-key", models: ["gpt-*", "demo/echo"] },
      { name: "bob", key: "bob-key-1" }
    ]
  })
/** Keys over settings; with a function, over settings that change. */
const keysOf = (config: PenstockConfig | (() => PenstockConfig)) =>
  Effect.provide(Keys.Keys, Keys.layer).pipe(
    Effect.provideService(Settings.Settings, Settings.make(typeof config === "function" ? config : () => config))
  )

const unlimited = { budget: null, rate: null }

describe("Keys", () => {
  it.effect("lets everyone do everything without authentication, whatever key is presented", () =>
    Effect.gen(function* () {
      const keys = yield* keysOf(decode({}))
      assert.deepStrictEqual(keys.authenticate(null), Either.right(Keys.anonymous))
      assert.deepStrictEqual(keys.authenticate("sk-anything"), Either.right(Keys.anonymous))
    })
  )

  it.effect("knows a virtual key by its owner's name and models", () =>
    Effect.gen(function* () {
      const keys = yield* keysOf(withKeys())
      const alice = { key: "alice", models: ["gpt-*", "demo/echo"], admin: false, ...unlimited }
      assert.deepStrictEqual(keys.authenticate("alice-key"), Either.right(alice))
      assert.deepStrictEqual(
        keys.authenticate("bob-key-1"),
        Either.right({ key: "bob", models: ["*"], admin: false, ...unlimited })
      )
    })
  )

  it.effect("knows the admin key", () =>
    Effect.gen(function* () {
      const caller = Either.getOrThrow((yield* keysOf(withKeys())).authenticate("admin-key-1"))
      assert.isTrue(caller.admin)
      assert.isTrue(Keys.mayUse(caller, "anything"))
    })
  )

  it.effect("refuses no key, a wrong key and a part of a key, and says what to send", () =>
    Effect.gen(function* () {
      const keys = yield* keysOf(withKeys())
      for (const presented of [null, "", "alice-ke", "alice-key ", "ALICE-KEY", "\u0000"]) {
        const error = Either.getOrThrow(Either.flip(keys.authenticate(presented)))
        assert.strictEqual(error.status, 401)
        assert.match(error.message, presented === null ? /Authorization: Bearer/ : /`keys` in its configuration/)
        assert.notInclude(error.message, "alice")
      }
    })
  )

  it.effect("forgets a key that a reload removed", () =>
    Effect.gen(function* () {
      let config = withKeys()
      const keys = yield* keysOf(() => config)
      assert.isTrue(Either.isRight(keys.authenticate("alice-key")))
      config = decode({ server: { auth: "keys" }, keys: [] })
      assert.isTrue(Either.isLeft(keys.authenticate("alice-key")))
      assert.isTrue(Either.isLeft(keys.authenticate("admin-key-1")))
    })
  )

  it("limits a key to its models", () => {
    const caller = { key: "k", models: ["gpt-*", "demo/echo", "*-mini"], admin: false, ...unlimited }
    for (const model of ["gpt-", "gpt-4o", "demo/echo", "o4-mini"]) assert.isTrue(Keys.mayUse(caller, model), model)
    for (const model of ["gpt", "demo/echo2", "o4-mini-x", ""]) assert.isFalse(Keys.mayUse(caller, model), model)
    assert.isFalse(Keys.mayUse({ ...caller, models: [] }, "gpt-4o"))
    assert.strictEqual(Keys.mayNotUse(caller, "x").status, 403)
  })

  it("matches patterns as a regular expression would", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "*", "/"), { maxLength: 8 }).map((all) => all.join(""))
    fc.assert(
      fc.property(letters, fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 8 }), (pattern, text) => {
        const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(text.join(""))
        assert.strictEqual(
          Keys.mayUse({ key: null, models: [pattern], admin: false, ...unlimited }, text.join("")),
          expected
        )
      }),
      { numRuns: 500 }
    )
  })

  it("reads the key from either client's header", () => {
    assert.strictEqual(Keys.presentedKey({ authorization: "Bearer abc" }), "abc")
    assert.strictEqual(Keys.presentedKey({ authorization: "bearer  abc " }), "abc")
    assert.strictEqual(Keys.presentedKey({ "x-api-key": "abc" }), "abc")
    assert.strictEqual(Keys.presentedKey({ authorization: "Bearer a", "x-api-key": "b" }), "a")
    assert.strictEqual(Keys.presentedKey({ authorization: "Basic abc" }), null)
    assert.strictEqual(Keys.presentedKey({ authorization: "Bearer " }), null)
    assert.strictEqual(Keys.presentedKey({}), null)
  })
})
