import { assert, describe, it } from "@effect/vitest"
import type { DataPlane } from "@penstock/server/data/DataPlane"
import * as LazyPlane from "@penstock/server/http/LazyPlane"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"

const ask = (url: string) => {
  const request = new IncomingMessage(new Socket())
  request.url = url
  return { request, response: new ServerResponse(request) }
}

const isFor = ({ url }: IncomingMessage) => url === "/rare"

/** A plane that notes what it was given, and is built when `ready` says so. */
const parts = Effect.gen(function* () {
  const ready = yield* Deferred.make<void>()
  const log: Array<string> = []
  const plane: DataPlane = {
    accept: ({ url }) => {
      log.push(`answered ${url}`)
      return true
    },
    idle: Effect.sync(() => void log.push("waited for")),
    interruptAll: Effect.sync(() => void log.push("interrupted"))
  }
  const build = Effect.gen(function* () {
    log.push("built")
    yield* Effect.addFinalizer(() => Effect.sync(() => log.push("closed")))
    yield* Deferred.await(ready)
    return plane
  })
  return { ready, log, build }
})

describe("a plane that few ask for", () => {
  it.effect("is built once, by the first request for it, and requests wait for it", () =>
    Effect.gen(function* () {
      const { build, log, ready } = yield* parts
      yield* Effect.scoped(
        Effect.gen(function* () {
          const lazy = yield* LazyPlane.make(isFor, build)
          const other = ask("/other")
          assert.isFalse(lazy.accept(other.request, other.response))
          yield* lazy.idle
          assert.deepStrictEqual(log, [])
          for (let index = 0; index < 2; index++) {
            const { request, response } = ask("/rare")
            assert.isTrue(lazy.accept(request, response))
          }
          yield* Effect.yieldNow()
          const drained = yield* Effect.fork(lazy.idle)
          yield* Effect.yieldNow()
          assert.deepStrictEqual(log, ["built"])
          yield* Deferred.succeed(ready, undefined)
          yield* Fiber.join(drained)
          assert.deepStrictEqual(log, ["built", "answered /rare", "answered /rare", "waited for"])
          const { request, response } = ask("/rare")
          assert.isTrue(lazy.accept(request, response))
          assert.strictEqual(log.at(-1), "answered /rare")
        })
      )
      assert.strictEqual(log.at(-1), "closed")
    })
  )

  it.effect("answers with a failure when it cannot be loaded", () =>
    Effect.gen(function* () {
      const lazy = yield* LazyPlane.make(
        isFor,
        Effect.promise(() => Promise.reject(new Error("no such module")))
      )
      const { request, response } = ask("/rare")
      assert.isTrue(lazy.accept(request, response))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.strictEqual(response.statusCode, 500)
      assert.isTrue(response.writableEnded)
    }).pipe(Effect.scoped, Effect.provide(Logger.minimumLogLevel(LogLevel.None)))
  )
})
