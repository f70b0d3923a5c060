import { assert, describe, it } from "@effect/vitest"
import { type Connection, ConnectionFailure, type Listener } from "@penstock/gateway/mcp/Connection"
import { defaultPolicy } from "@penstock/gateway/mcp/ServerState"
import * as Supervisor from "@penstock/gateway/mcp/Supervisor"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"

const down = new ConnectionFailure({ kind: "closed", message: "it is down" })

const noLibrary: Connection["library"] = {
  resources: Effect.succeed([]),
  templates: Effect.succeed([]),
  prompts: Effect.succeed([]),
  read: () => down,
  prompt: () => down,
  complete: () => down
}

/** A server in memory: how it starts is said for each start, and every conversation is counted. */
const scripted = (starts: ReadonlyArray<"up" | "down" | "never">) => {
  const seen = { starts: 0, open: 0, listener: null as Listener | null }
  const connection: Connection = {
    listTools: Effect.succeed([{ name: "a" }]),
    call: () => Effect.succeed({ content: [], isError: false }),
    library: noLibrary
  }
  const connect = (listener: Listener) =>
    Effect.suspend(() => {
      const how = starts[seen.starts++] ?? "up"
      if (how === "down") return Effect.fail(down)
      if (how === "never") return Effect.never
      seen.listener = listener
      return Effect.acquireRelease(
        Effect.sync(() => {
          seen.open++
          return connection
        }),
        () => Effect.sync(() => void seen.open--)
      )
    })
  return { seen, connect }
}

const supervise = (server: ReturnType<typeof scripted>, eager = false) =>
  Supervisor.make({
    policy: { ...defaultPolicy, eager, limit: 3 },
    startTimeout: 1_000,
    connect: server.connect,
    changed: () => {},
    listChanged: () => {}
  })

/** Lets the fibers that can run do so. */
const settle = TestClock.adjust(0)

describe("a supervised server", () => {
  it.scoped("is started once for all who want it at the same time", () =>
    Effect.gen(function* () {
      const server = scripted([])
      const supervisor = yield* supervise(server)
      yield* Effect.all([supervisor.acquire, supervisor.acquire, supervisor.acquire], { concurrency: "unbounded" })
      assert.strictEqual(server.seen.starts, 1)
    })
  )

  it.scoped("is tried again after 500 ms, then after 1 s, and then left alone for a minute", () =>
    Effect.gen(function* () {
      const server = scripted(["down", "down", "down", "up"])
      const supervisor = yield* supervise(server, true)
      const starts: Array<number> = []
      for (const millis of [0, 499, 1, 999, 1, 59_999, 1]) {
        yield* TestClock.adjust(millis)
        starts.push(server.seen.starts)
      }
      assert.deepStrictEqual(starts, [1, 1, 2, 2, 3, 3, 4])
      assert.strictEqual(supervisor.state()._tag, "Ready")
    })
  )

  it.scoped("that is given up refuses at once, with the reason", () =>
    Effect.gen(function* () {
      const server = scripted(["down", "down", "down"])
      const supervisor = yield* supervise(server, true)
      yield* TestClock.adjust(1_500)
      assert.strictEqual(supervisor.state()._tag, "Broken")
      assert.strictEqual((yield* Effect.flip(supervisor.acquire)).message, "it is down")
      assert.strictEqual(server.seen.starts, 3)
    })
  )

  it.scoped("that does not get ready fails those who wait, in time", () =>
    Effect.gen(function* () {
      const supervisor = yield* supervise(scripted(["never"]))
      const waiting = yield* Effect.fork(Effect.flip(supervisor.acquire))
      yield* TestClock.adjust(1_000)
      assert.include((yield* Fiber.join(waiting)).message, "1000 ms")
    })
  )

  it.scoped("that is lost is ended before it is started anew, and a former one's last words are ignored", () =>
    Effect.gen(function* () {
      const server = scripted([])
      const supervisor = yield* supervise(server)
      const first = yield* supervisor.acquire
      const former = server.seen.listener
      yield* supervisor.lose(first, "gone")
      const second = yield* supervisor.acquire
      assert.notStrictEqual(first, second)
      former?.lost("gone once more")
      yield* supervisor.lose(first, "gone again")
      yield* settle
      assert.strictEqual(yield* supervisor.acquire, second)
      assert.deepStrictEqual([server.seen.starts, server.seen.open], [2, 1])
    })
  )

  it.effect("ends with its scope, and whoever comes later is told", () =>
    Effect.gen(function* () {
      const server = scripted([])
      const supervisor = yield* Effect.scoped(Effect.tap(supervise(server), (made) => made.acquire))
      assert.strictEqual(server.seen.open, 0)
      assert.include((yield* Effect.flip(supervisor.acquire)).message, "stopped")
    })
  )
})
