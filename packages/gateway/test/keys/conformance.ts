/** What every place for created keys promises. `KeysMemory.test.ts` and `KeysSqlite.test.ts` run it. */
import { assert, describe, it } from "@effect/vitest"
import * as Keys from "@penstock/gateway/keys/Keys"
import * as Settings from "@penstock/gateway/Settings"
import { NewKey } from "@penstock/schema/api/KeysApi"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"

export const decodeConfig = Schema.decodeUnknownSync(PenstockConfig)
const decodeNew = Schema.decodeUnknownSync(NewKey)

export const config = (keys: ReadonlyArray<object> = [{ name: "alice", key: "alice-key" }]) =>
  decodeConfig({ server: { auth: "keys", admin_key: "admin-key-1" }, keys })

export const newKey = (name: string, more: object = {}) => decodeNew({ name, ...more })

const usual = config()

export const settings = (current: () => PenstockConfig = () => usual) =>
  Layer.succeed(Settings.Settings, Settings.make(current, "penstock.yaml"))

/** A key's text and whom it lets in now. */
export const whoIs = (keys: Keys.Service, { key }: { readonly key: Redacted.Redacted<string> }) =>
  Either.match(keys.authenticate(Redacted.value(key)), {
    onLeft: (error) => error.code ?? error.reason,
    onRight: (caller) => caller.key
  })

const start = Date.UTC(2026, 2, 10)

const refused = (effect: Effect.Effect<unknown, GatewayError>, status: number, code: string) =>
  Effect.map(Effect.orDie(Effect.flip(effect)), (error) => {
    assert.strictEqual(error.status, status)
    assert.strictEqual(error.code ?? error.reason, code)
    return error
  })

export const conforms = (name: string, layer: Layer.Layer<Keys.Keys, unknown, Settings.Settings>) => {
  const guaranteed = (guarantee: string, test: (keys: Keys.Service) => Effect.Effect<void, GatewayError>) =>
    it.effect(guarantee, () =>
      // Set before there are keys: those who wait for the next refresh would be woken for each one in between.
      Effect.zipRight(
        TestClock.setTime(start),
        Effect.flatMap(Keys.Keys, test).pipe(
          Effect.provide(Layer.fresh(layer)),
          Effect.provide(settings()),
          Effect.orDie
        )
      )
    )

  describe(`${name} keeps the promises of keys`, () => {
    guaranteed("a key that was made lets its owner in, with its models and limits", (keys) =>
      Effect.gen(function* () {
        const limits = { budget: { usd: 1.5, per: "day" }, rate: { requests_per_minute: 60 } } as const
        const made = yield* keys.create(newKey("bob", { models: ["gpt-*"], ...limits }))
        assert.match(Redacted.value(made.key), /^ps-[0-9a-f]{16}-[\w-]{43}$/)
        assert.deepStrictEqual(
          keys.authenticate(Redacted.value(made.key)),
          Either.right({ key: "bob", models: ["gpt-*"], admin: false, ...limits })
        )
        assert.strictEqual(whoIs(keys, yield* keys.create(newKey("carol"))), "carol")
        assert.strictEqual(whoIs(keys, made), "bob")
      })
    )

    guaranteed("another secret with the same id, an unknown id and a part of a key let nobody in", (keys) =>
      Effect.gen(function* () {
        const text = Redacted.value((yield* keys.create(newKey("bob"))).key)
        const other = text.at(-1) === "A" ? "B" : "A"
        const wrong = [
          text.slice(0, -1) + other,
          text.slice(0, -1),
          `${text}A`,
          text.toUpperCase(),
          text.replace(/^ps-[0-9a-f]{16}/, "ps-0123456789abcdef"),
          text.slice(20),
          text.slice(0, 19)
        ]
        for (const presented of wrong) {
          const error = Either.getOrThrow(Either.flip(keys.authenticate(presented)))
          assert.strictEqual(error.status, 401)
          assert.notInclude(error.message, "bob")
        }
      })
    )

    guaranteed("declared and created keys are listed, looked up, and show no secret", (keys) =>
      Effect.gen(function* () {
        const made = yield* keys.create(newKey("zoe", { expires_at: "2026-03-11T00:00:00+01:00" }))
        yield* keys.create(newKey("bob"))
        const all = yield* keys.list
        assert.deepStrictEqual(
          all.map(({ name, source }) => [name, source]),
          [
            ["alice", "config"],
            ["bob", "api"],
            ["zoe", "api"]
          ]
        )
        const zoe = yield* keys.get("zoe")
        assert.deepStrictEqual(
          { ...zoe },
          {
            name: "zoe",
            source: "api",
            prefix: Redacted.value(made.key).slice(0, 19),
            models: ["*"],
            budget: null,
            rate: null,
            mcp: null,
            disabled: false,
            created_at: start,
            rotated_at: null,
            expires_at: Date.UTC(2026, 2, 10, 23)
          }
        )
        assert.deepStrictEqual(all[2], zoe)
        assert.deepInclude({ ...(yield* keys.get("alice")) }, { source: "config", prefix: null, created_at: null })
        const secret = Redacted.value(made.key).slice(20)
        assert.notInclude(JSON.stringify([all, made, String(made)]), secret)
        yield* refused(keys.get("nobody"), 404, "not_found")
      })
    )

    guaranteed("a name is given once, over both kinds of keys and the admin", (keys) =>
      Effect.gen(function* () {
        const made = yield* keys.create(newKey("bob"))
        assert.include((yield* refused(keys.create(newKey("bob")), 409, "key_exists")).message, '"bob"')
        assert.include((yield* refused(keys.create(newKey("alice")), 409, "key_exists")).message, "penstock.yaml")
        yield* refused(keys.create(newKey("admin")), 409, "key_exists")
        assert.strictEqual(whoIs(keys, made), "bob")
        // Of many that are made at once, one is.
        const many = yield* Effect.all(
          Array.from({ length: 20 }, () => Effect.either(keys.create(newKey("dan")))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(many.filter(Either.isRight).length, 1)
      })
    )

    guaranteed("a declared key is changed in the file only, and the answer names it", (keys) =>
      Effect.gen(function* () {
        for (const change of [
          keys.update("alice", { disabled: true }),
          keys.rotate("alice", { grace: 0 }),
          keys.remove("alice")
        ]) {
          const { message } = yield* refused(change, 409, "declared_key")
          assert.include(message, "`keys` in penstock.yaml")
        }
        assert.isTrue(Either.isRight(keys.authenticate("alice-key")))
      })
    )

    guaranteed("a change counts at once, keeps what it leaves out, and null removes a limit", (keys) =>
      Effect.gen(function* () {
        const made = yield* keys.create(newKey("bob", { models: ["gpt-*"], rate: { concurrent: 2 } }))
        yield* keys.update("bob", { models: ["demo/*"], budget: { usd: 2, per: "month" } })
        const caller = () => Either.getOrThrow(keys.authenticate(Redacted.value(made.key)))
        assert.deepInclude(caller(), {
          models: ["demo/*"],
          budget: { usd: 2, per: "month" },
          rate: { concurrent: 2 }
        })
        assert.deepInclude({ ...(yield* keys.update("bob", { rate: null })) }, { rate: null, models: ["demo/*"] })
        assert.deepInclude(caller(), { rate: null, budget: { usd: 2, per: "month" } })
        const mcp = { servers: ["docs"], tools: ["read_*"] }
        yield* keys.update("bob", { mcp })
        assert.deepInclude(caller(), { mcp })
        yield* keys.update("bob", { mcp: null })
        assert.notProperty(caller(), "mcp")
        yield* refused(keys.update("bo", { rate: null }), 404, "not_found")
      })
    )

    guaranteed("a disabled key says so, and works again when it is enabled", (keys) =>
      Effect.gen(function* () {
        const made = yield* keys.create(newKey("bob"))
        yield* keys.update("bob", { disabled: true })
        assert.strictEqual(whoIs(keys, made), "key_disabled")
        yield* keys.update("bob", { disabled: false })
        assert.strictEqual(whoIs(keys, made), "bob")
      })
    )

    guaranteed("a key works until it expires, and not a millisecond longer", (keys) =>
      Effect.gen(function* () {
        const made = yield* keys.create(newKey("bob", { expires_at: "2026-03-10T00:00:02Z" }))
        yield* TestClock.adjust("1999 millis")
        assert.strictEqual(whoIs(keys, made), "bob")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(whoIs(keys, made), "key_expired")
        const error = Either.getOrThrow(Either.flip(keys.authenticate(Redacted.value(made.key))))
        assert.strictEqual(error.status, 401)
        assert.include(error.message, "The key bob expired at 2026-03-10T00:00:02.000Z")
        yield* keys.update("bob", { expires_at: null })
        assert.strictEqual(whoIs(keys, made), "bob")
        const past = yield* refused(
          keys.create(newKey("late", { expires_at: "2026-03-10T00:00:00Z" })),
          400,
          "invalid_request"
        )
        assert.strictEqual(past.param, "expires_at")
      })
    )

    guaranteed("a rotation replaces the secret at once and keeps everything else", (keys) =>
      Effect.gen(function* () {
        const old = yield* keys.create(newKey("bob", { models: ["gpt-*"] }))
        const next = yield* keys.rotate("bob", { grace: 0 })
        assert.strictEqual(whoIs(keys, old), "unauthenticated")
        assert.strictEqual(whoIs(keys, next), "bob")
        assert.deepInclude({ ...next }, { models: ["gpt-*"], created_at: start, rotated_at: start })
        yield* refused(keys.rotate("nobody", { grace: 0 }), 404, "not_found")
      })
    )

    guaranteed("in a grace the old secret works beside the new one, and the one before that does not", (keys) =>
      Effect.gen(function* () {
        const first = yield* keys.create(newKey("bob"))
        const second = yield* keys.rotate("bob", { grace: 2000 })
        assert.deepStrictEqual([whoIs(keys, first), whoIs(keys, second)], ["bob", "bob"])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual([whoIs(keys, first), whoIs(keys, second)], ["key_expired", "bob"])
        const third = yield* keys.rotate("bob", { grace: 2000 })
        const secrets = [first, second, third].map((secret) => whoIs(keys, secret))
        assert.deepStrictEqual(secrets, ["unauthenticated", "bob", "bob"])
      })
    )

    guaranteed("a deleted key lets nobody in, and its name is free again", (keys) =>
      Effect.gen(function* () {
        const old = yield* keys.create(newKey("bob"))
        yield* keys.remove("bob")
        assert.strictEqual(whoIs(keys, old), "unauthenticated")
        yield* refused(keys.remove("bob"), 404, "not_found")
        assert.deepStrictEqual(
          (yield* keys.list).map(({ name }) => name),
          ["alice"]
        )
        const next = yield* keys.create(newKey("bob"))
        assert.deepStrictEqual([whoIs(keys, old), whoIs(keys, next)], ["unauthenticated", "bob"])
      })
    )
  })
}
