import { assert, describe, it } from "@effect/vitest"
import * as KeyBook from "@penstock/gateway/keys/KeyBook"
import { KeyStoreError, type Service as KeyStore, type StoredKey } from "@penstock/gateway/keys/KeyStore"
import * as KeyStoreMemory from "@penstock/gateway/keys/KeyStoreMemory"
import * as Secret from "@penstock/gateway/keys/Secret"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"

const issue = (name: string) => {
  const { hashed, id, key } = Secret.issue()
  const stored: StoredKey = {
    name,
    models: ["*"],
    budget: null,
    rate: null,
    mcp: null,
    disabled: false,
    createdAt: 0,
    rotatedAt: null,
    expiresAt: null,
    secret: { id, ...hashed },
    previous: null
  }
  return { stored, text: Redacted.value(key) }
}

const put = (store: Pick<KeyStore, "modify">, key: StoredKey) => store.modify(key.name, () => Either.right(key))

describe("the keys in memory", () => {
  it.scoped("keys that could not be read are read at the next refresh, and until then the known ones stay", () =>
    Effect.gen(function* () {
      const store = yield* KeyStoreMemory.make
      const [bob, carol] = [issue("bob"), issue("carol")]
      yield* put(store, bob.stored)
      let changed = false
      let broken = false
      const book = yield* KeyBook.make({
        ...store,
        changedElsewhere: Effect.sync(() => {
          const answer = changed
          changed = false
          return answer
        }),
        load: Effect.suspend(() =>
          broken ? Effect.fail(new KeyStoreError({ operation: "read", cause: "gone" })) : store.load
        )
      })
      yield* put(store, carol.stored)
      ;[changed, broken] = [true, true]
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(book.current().find(bob.text)?.key.name, "bob")
      assert.isNull(book.current().find(carol.text))
      broken = false
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(book.current().find(carol.text)?.key.name, "carol")
    })
  )

  it.scoped("a refresh that read before a write is not applied after it", () =>
    Effect.gen(function* () {
      const store = yield* KeyStoreMemory.make
      const [old, next] = [issue("bob"), issue("bob")]
      yield* put(store, old.stored)
      const read = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      let loads = 0
      const book = yield* KeyBook.make({
        ...store,
        changedElsewhere: Effect.succeed(true),
        // Slow from the second time on: it has read, and has not given back what it read.
        load: Effect.tap(store.load, () =>
          loads++ === 0 ? Effect.void : Effect.zipRight(Deferred.succeed(read, undefined), Deferred.await(goOn))
        )
      })
      yield* TestClock.adjust("3 seconds")
      yield* Deferred.await(read)
      const writing = yield* Effect.fork(put(book, next.stored))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(goOn, undefined)
      yield* Fiber.join(writing)
      // Lets the refresh end, too.
      yield* TestClock.adjust("0 millis")
      assert.isNull(book.current().find(old.text))
      assert.strictEqual(book.current().find(next.text)?.key.name, "bob")
    })
  )

  it.scoped("a write that an admin does not wait for is known all the same", () =>
    Effect.gen(function* () {
      const store = yield* KeyStoreMemory.make
      const begun = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const book = yield* KeyBook.make({
        ...store,
        modify: (name, change) =>
          Effect.tap(store.modify(name, change), () =>
            Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(goOn))
          )
      })
      const bob = issue("bob")
      const writing = yield* Effect.fork(put(book, bob.stored))
      yield* Deferred.await(begun)
      const stopping = yield* Effect.fork(Fiber.interrupt(writing))
      yield* Deferred.succeed(goOn, undefined)
      yield* Fiber.join(stopping)
      assert.strictEqual(book.current().find(bob.text)?.key.name, "bob")
    })
  )
})

describe("a secret", () => {
  it("is never drawn twice, is hashed under a salt of its own, and shows itself to nobody", () => {
    const issued = Array.from({ length: 200 }, () => Secret.issue())
    for (const part of [
      issued.map(({ id }) => id),
      issued.map(({ key }) => Redacted.value(key).slice(20)),
      issued.map(({ hashed }) => hashed.salt)
    ]) {
      assert.strictEqual(new Set(part).size, issued.length)
    }
    for (const { hashed, id, key } of issued) {
      const text = Redacted.value(key)
      assert.strictEqual(Secret.idOf(text), id)
      assert.strictEqual(Buffer.from(text.slice(20), "base64url").length, 32)
      assert.isTrue(Secret.sameDigest(hashed.digest, Secret.digest(hashed.salt, text)))
      assert.notInclude(JSON.stringify({ key, hashed }) + String(key), text.slice(20))
    }
  })
})
