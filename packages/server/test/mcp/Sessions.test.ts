import { assert, describe, it } from "@effect/vitest"
import { Server } from "@modelcontextprotocol/server"
import { anonymous } from "@penstock/gateway/keys/Keys"
import type { Followers } from "@penstock/server/mcp/Followers"
import * as Sessions from "@penstock/server/mcp/Sessions"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"

const silence = 30 * 60_000
const followers: Followers = { add: () => () => {} }

const make = (limit: number) =>
  Sessions.make({
    serverOf: () => new Server({ name: "test", version: "1" }, { capabilities: { tools: {} } }),
    followers,
    limit,
    silence
  })

const headers = { accept: "application/json, text/event-stream", "content-type": "application/json" }
const post = (message: object, more: { readonly [name: string]: string } = {}) => {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message })
  return [
    new Request("http://localhost/mcp", { method: "POST", headers: { ...headers, ...more }, body }),
    JSON.parse(body)
  ] as const
}

const initialize = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "a", version: "1" } }
}

/** Opens one and reads its greeting to the end. */
const open = (sessions: Sessions.Sessions, caller = anonymous) =>
  Effect.promise(async () => {
    const session = await sessions.open(caller)
    const answer = await session.handle(...post(initialize))
    await answer.text()
    return answer.headers.get("mcp-session-id") ?? ""
  })

const ping = (sessions: Sessions.Sessions, id: string) =>
  Effect.promise(async () => {
    const answer = await sessions
      .find(id, anonymous)!
      .handle(...post({ id: 2, method: "ping" }, { "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" }))
    return answer.text()
  })

/** Listens for what the server says unasked. The answer has no end of its own. */
const listen = (sessions: Sessions.Sessions, id: string) =>
  Effect.promise(() =>
    sessions.find(id, anonymous)!.handle(
      new Request("http://localhost/mcp", {
        headers: { accept: "text/event-stream", "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" }
      }),
      undefined
    )
  )

const isOpen = (sessions: Sessions.Sessions, id: string) => sessions.find(id, anonymous) !== null

describe("a session", () => {
  it.scoped("ends after half an hour without a request, and not before", () =>
    Effect.gen(function* () {
      const sessions = yield* make(10)
      const [silent, used] = [yield* open(sessions), yield* open(sessions)]
      yield* TestClock.adjust(silence - 60_000)
      assert.include(yield* ping(sessions, used), "result")
      assert.strictEqual(sessions.count(), 2)
      yield* TestClock.adjust(90_000)
      assert.deepStrictEqual([isOpen(sessions, silent), isOpen(sessions, used)], [false, true])
    })
  )

  it.scoped("does not end while its caller listens", () =>
    Effect.gen(function* () {
      const sessions = yield* make(10)
      const id = yield* open(sessions)
      const stream = yield* listen(sessions, id)
      yield* TestClock.adjust(3 * silence)
      assert.isTrue(isOpen(sessions, id))
      yield* Effect.promise(async () => stream.body?.cancel())
      yield* TestClock.adjust(silence + 30_000)
      assert.isFalse(isOpen(sessions, id))
    })
  )

  it.scoped("makes room, beyond their number, by the one that was silent for longest; who listens keeps theirs", () =>
    Effect.gen(function* () {
      const sessions = yield* make(3)
      const ids: Array<string> = []
      for (let count = 0; count < 3; count++) {
        ids.push(yield* open(sessions))
        yield* TestClock.adjust(1_000)
      }
      const [first = "", second = "", third = ""] = ids
      yield* listen(sessions, first)
      yield* ping(sessions, second)
      const fourth = yield* open(sessions)
      assert.deepStrictEqual(
        [first, second, third, fourth].map((id) => isOpen(sessions, id)),
        [true, true, false, true]
      )
      assert.strictEqual(sessions.count(), 3)
    })
  )

  it.scoped("is its key's alone", () =>
    Effect.gen(function* () {
      const sessions = yield* make(3)
      const id = yield* open(sessions, { ...anonymous, key: "alice" })
      assert.isNull(sessions.find(id, { ...anonymous, key: "bob" }))
      assert.isNotNull(sessions.find(id, { ...anonymous, key: "alice" }))
    })
  )

  it.effect("ends with the program", () =>
    Effect.gen(function* () {
      const sessions = yield* Effect.scoped(Effect.tap(make(3), open))
      assert.strictEqual(sessions.count(), 0)
    })
  )
})
