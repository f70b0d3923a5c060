import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Keys from "@penstock/gateway/keys/Keys"
import { KeyStoreError } from "@penstock/gateway/keys/KeyStore"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import { GatewayError } from "@penstock/schema/GatewayError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { prices } from "../ledger/Fixtures.ts"
import { conforms, newKey, settings, whoIs } from "./conformance.ts"

const folder = mkdtempSync(join(tmpdir(), "penstock-keys-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `keys-${files++}.db`)

/** A process on the file. Each use is one of its own. */
const openFile = (file: string) =>
  Layer.fresh(Keys.layerSqlite).pipe(
    Layer.provideMerge(Layer.fresh(SqliteClient.layer({ filename: file }))),
    Layer.provide(settings())
  )

conforms(
  "Keys.layerSqlite",
  Layer.suspend(() => Keys.layerSqlite.pipe(Layer.provide(SqliteClient.layer({ filename: newFile() }))))
)

const opened = (file: string) => Effect.map(Layer.build(openFile(file)), Context.get(Keys.Keys))

describe("Keys.layerSqlite", () => {
  it.effect("keys survive a restart, with all that belongs to them", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const limits = { budget: { usd: 0.25, per: "week" }, rate: { tokens_per_minute: 9, concurrent: 1 } } as const
      const [first, second, before] = yield* Effect.scoped(
        Effect.gen(function* () {
          const keys = yield* opened(file)
          const first = yield* keys.create(newKey("bob", { ...limits, models: ["a*", "b"] }))
          const second = yield* keys.rotate("bob", { grace: 1000 })
          yield* keys.create(newKey("carol", { expires_at: "2026-01-01T00:00:00Z" }))
          yield* keys.update("carol", { disabled: true })
          return [first, second, yield* keys.list] as const
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const keys = yield* opened(file)
          assert.deepStrictEqual(yield* keys.list, before)
          assert.deepStrictEqual([whoIs(keys, first), whoIs(keys, second)], ["bob", "bob"])
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual([whoIs(keys, first), whoIs(keys, second)], ["key_expired", "bob"])
        })
      )
    })
  })

  it.scoped("what another process does to a key is noticed within three seconds", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const here = yield* opened(file)
      const there = yield* opened(file)
      const made = yield* there.create(newKey("bob"))
      assert.strictEqual(whoIs(here, made), "unauthenticated")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(whoIs(here, made), "bob")
      const next = yield* there.rotate("bob", { grace: 0 })
      // A change here builds on what is stored, not on what was known here: the old secret stays dead.
      yield* here.update("bob", { models: ["gpt-*"] })
      assert.deepStrictEqual([whoIs(here, made), whoIs(here, next)], ["unauthenticated", "bob"])
      yield* there.remove("bob")
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(whoIs(here, next), "unauthenticated")
      const error = yield* Effect.flip(here.update("bob", {}))
      assert.strictEqual(error.status, 404)
    })
  })

  it.scoped("no file holds a secret, whatever was done to the key", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const keys = yield* opened(file)
      const secrets = [yield* keys.create(newKey("bob")), yield* keys.rotate("bob", { grace: 60_000 })]
      yield* keys.update("bob", { models: ["x"] })
      yield* keys.remove("bob")
      secrets.push(yield* keys.create(newKey("carol")))
      const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"))
      assert.isTrue(bytes.some((text) => text.includes("carol")))
      for (const { key } of secrets) {
        const secret = Redacted.value(key).slice(20)
        for (const text of bytes) {
          assert.notInclude(text, secret)
          assert.notInclude(text, Buffer.from(secret, "base64url").toString("latin1"))
          assert.notInclude(text, Buffer.from(secret, "base64url").toString("hex"))
        }
      }
    })
  })

  it.effect("shares the ledger's file and connection", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const keys = yield* Keys.Keys
      yield* keys.create(newKey("bob"))
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`SELECT COUNT(*) AS n FROM requests`, [{ n: 0 }])
      assert.deepStrictEqual(yield* sql`SELECT name FROM virtual_keys`, [{ name: "bob" }])
    }).pipe(
      Effect.provide(
        Keys.layerSqlite.pipe(
          Layer.provide(settings()),
          Layer.provideMerge(LedgerSqlite.layerFile(file)),
          Layer.provide(prices())
        )
      )
    )
  })

  it.effect("a row that cannot be read lets nobody in, is logged without its digest, and stops nobody else", () => {
    const file = newFile()
    const logged: Array<string> = []
    const logger = Logger.make(({ message }) => void logged.push([message].flat().map(String).join(" ")))
    return Effect.gen(function* () {
      const [bob, carol] = yield* Effect.scoped(
        Effect.gen(function* () {
          const context = yield* Layer.build(openFile(file))
          const keys = Context.get(context, Keys.Keys)
          const made = [yield* keys.create(newKey("bob")), yield* keys.create(newKey("carol"))] as const
          yield* Context.get(context, SqlClient.SqlClient)`
            UPDATE virtual_keys SET secret_digest = 'c0ffee', models = '{' WHERE name = 'bob'`
          return made
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const keys = yield* opened(file)
          assert.deepStrictEqual([whoIs(keys, bob), whoIs(keys, carol)], ["unauthenticated", "carol"])
        })
      )
      assert.match(logged.join("\n"), /bob.*models/)
      assert.notInclude(logged.join("\n"), "c0ffee")
    }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  })

  it.scoped("a database that fails is told as such, and changes nothing", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const context = yield* Layer.build(openFile(file))
      const keys = Context.get(context, Keys.Keys)
      const made = yield* keys.create(newKey("bob"))
      yield* Context.get(context, SqlClient.SqlClient)`CREATE TRIGGER refuse BEFORE DELETE ON virtual_keys
        BEGIN SELECT RAISE(ABORT, 'no'); END`
      const error = yield* Effect.flip(keys.remove("bob"))
      assert.instanceOf(error, GatewayError)
      assert.strictEqual(error.code, "key_store_error")
      assert.strictEqual(whoIs(keys, made), "bob")
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  })

  it.live("a write waits for another connection's lock, and then goes through", () => {
    const file = newFile()
    return Effect.scoped(
      Effect.gen(function* () {
        const context = yield* Layer.build(openFile(file))
        yield* Context.get(context, SqlClient.SqlClient)`PRAGMA busy_timeout = 0`
        const keys = Context.get(context, Keys.Keys)
        const other = Context.get(
          yield* Layer.build(Layer.fresh(SqliteClient.layer({ filename: file }))),
          SqlClient.SqlClient
        )
        yield* other`BEGIN IMMEDIATE`
        const creating = yield* Effect.fork(keys.create(newKey("bob")))
        yield* Effect.sleep("120 millis")
        assert.isNull(creating.unsafePoll())
        yield* other`ROLLBACK`
        assert.strictEqual(whoIs(keys, yield* creating), "bob")
      })
    )
  })

  it.effect("a file that cannot be opened as a database is a KeyStoreError", () => {
    const file = newFile()
    return Effect.gen(function* () {
      yield* Effect.scoped(opened(file))
      const broken = Layer.build(
        Keys.layerSqlite.pipe(
          Layer.provide(SqliteClient.layer({ filename: file, readonly: true, disableWAL: true })),
          Layer.provide(settings())
        )
      )
      const sql = SqliteClient.layer({ filename: file })
      yield* Effect.flatMap(SqlClient.SqlClient, (client) => client`DROP TABLE keys_migrations`).pipe(
        Effect.provide(sql)
      )
      const error = yield* Effect.flip(Effect.scoped(broken))
      assert.instanceOf(error, KeyStoreError)
      assert.strictEqual(error.operation, "migrate")
    })
  })
})
