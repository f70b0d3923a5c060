import { assert, describe, it } from "@effect/vitest"
import { shutdown, type Sink } from "@penstock/gateway/exchange/Call"
import * as Idempotency from "@penstock/gateway/replay/Idempotency"
import * as RequestId from "@penstock/gateway/RequestId"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { settled } from "../exchange/gateway.ts"
import { client, head, type Client } from "./clients.ts"

const hour = 3_600_000

/** A call that a test writes and ends. */
const calls = () => {
  const sinks: Array<Sink<Uint8Array>> = []
  const ends: Array<Deferred.Deferred<void, GatewayError.GatewayError>> = []
  const exits: Array<Exit.Exit<void, GatewayError.GatewayError>> = []
  return {
    sinks,
    exits,
    run: (sink: Sink<Uint8Array>) =>
      Effect.gen(function* () {
        const end = yield* Deferred.make<void, GatewayError.GatewayError>()
        sinks.push(sink)
        ends.push(end)
        yield* Deferred.await(end)
      }).pipe(Effect.onExit((exit) => Effect.sync(() => exits.push(exit)))),
    say: (text: string, at = 0) => {
      if (text === "begin") sinks[at]!.begin(head)
      else sinks[at]!.write(Buffer.from(text))
    },
    succeed: (at = 0) =>
      Effect.suspend(() => {
        sinks[at]!.end(null)
        return Effect.zipRight(Deferred.succeed(ends[at]!, undefined), settled)
      }),
    fail: (error: GatewayError.GatewayError, at = 0) => Effect.zipRight(Deferred.fail(ends[at]!, error), settled)
  }
}

interface Asked {
  readonly key?: string
  readonly body?: string
  readonly caller?: string | null
  readonly path?: string
  readonly to?: Client
}

/** Nobody waits for it: its fiber is the client. */
const ask = (service: Idempotency.Service, call: ReturnType<typeof calls>, asked: Asked = {}) =>
  Effect.gen(function* () {
    const { body = "body", caller = "alice", key = "key", path = "/v1/chat/completions", to = client() } = asked
    const id = yield* RequestId.next
    const told: Array<readonly [first: string, repeat: boolean]> = []
    const fiber = yield* Effect.forkDaemon(
      service.answer(
        { id, caller, path, key, body: Buffer.from(body) },
        (first, repeat) => {
          told.push([first, repeat])
          return to.sink
        },
        call.run
      )
    )
    yield* settled
    return { id, fiber, client: to, told }
  })

const failureOf = (fiber: Fiber.RuntimeFiber<void, GatewayError.GatewayError>) => Effect.flip(Fiber.join(fiber))

/** Time 0 means to the store that there is no time. */
const make = (bounds: Partial<Idempotency.Bounds> = {}) =>
  Effect.zipRight(TestClock.adjust(1), Idempotency.make({ ...Idempotency.bounds, ...bounds }))

describe("a request that comes again", () => {
  it.effect("while it runs, is given the same answer from the beginning, by one call", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      const first = yield* ask(service, call)
      call.say("begin")
      call.say("one ")
      const second = yield* ask(service, call)
      call.say("two")
      yield* call.succeed()
      for (const { client, fiber } of [first, second]) {
        yield* Fiber.join(fiber)
        assert.strictEqual(client.bytes().toString(), "one two")
      }
      assert.strictEqual(call.sinks.length, 1)
      assert.deepStrictEqual(first.told, [[first.id, false]])
      assert.deepStrictEqual(second.told, [[first.id, true]])
    })
  )

  it.effect("after its end, is given the answer that is kept, for as long as it is", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      yield* ask(service, call)
      call.say("begin")
      call.say("whole")
      yield* call.succeed()
      yield* TestClock.adjust(24 * hour - 1)
      const late = yield* ask(service, call)
      yield* Fiber.join(late.fiber)
      assert.deepStrictEqual(late.client.calls, ["begin", "write", "end"])
      assert.strictEqual(late.client.bytes().toString(), "whole")
      assert.strictEqual(call.sinks.length, 1)
      yield* TestClock.adjust(2)
      yield* ask(service, call)
      assert.strictEqual(call.sinks.length, 2)
    })
  )

  it.effect("runs anew after a failure, and after a call that everybody has left", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      const clients = [yield* ask(service, call), yield* ask(service, call)]
      const failure = GatewayError.make("rate_limit", "too many")
      yield* call.fail(failure)
      for (const { fiber } of clients) assert.strictEqual(yield* failureOf(fiber), failure)
      const left = yield* ask(service, call)
      yield* Fiber.interrupt(left.fiber)
      yield* ask(service, call)
      assert.strictEqual(call.sinks.length, 3)
    })
  )

  it.effect("with another body is a conflict, while the first runs and after", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      yield* ask(service, call)
      call.say("begin")
      const during = yield* failureOf((yield* ask(service, call, { body: "other" })).fiber)
      yield* call.succeed()
      const after = yield* failureOf((yield* ask(service, call, { body: "other" })).fiber)
      for (const error of [during, after]) {
        assert.deepInclude(error, { reason: "conflict", status: 409, code: "idempotency_key_reused" })
      }
    })
  )

  it.effect("is another request under another caller, endpoint or key", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      yield* ask(service, call)
      for (const other of [{ caller: "bob" }, { caller: null }, { path: "/v1/messages" }, { key: "other" }]) {
        yield* ask(service, call, other)
      }
      assert.strictEqual(call.sinks.length, 5)
    })
  )

  it.effect("cannot join, nor repeat, an answer that is larger than what is kept; those attached get it whole", () =>
    Effect.gen(function* () {
      const service = yield* make({ maxAnswerBytes: 4 })
      const call = calls()
      const first = yield* ask(service, call)
      call.say("begin")
      call.say("more than four")
      const during = yield* failureOf((yield* ask(service, call)).fiber)
      yield* call.succeed()
      yield* Fiber.join(first.fiber)
      assert.strictEqual(first.client.bytes().toString(), "more than four")
      const after = yield* failureOf((yield* ask(service, call)).fiber)
      for (const error of [during, after]) {
        assert.deepInclude(error, { status: 409, code: "idempotent_answer_too_large" })
      }
      assert.strictEqual(call.sinks.length, 1)
    })
  )

  it.effect("is forgotten when there are too many bytes, the least recently asked for first", () =>
    Effect.gen(function* () {
      const service = yield* make({ maxBytes: 2 * 1024 + 100 })
      const call = calls()
      for (const [at, key] of ["a", "b", "c"].entries()) {
        yield* ask(service, call, { key })
        call.say("begin", at)
        yield* call.succeed(at)
        // Asked for again, it outlives the other.
        yield* ask(service, call, { key: "a" })
      }
      assert.strictEqual(call.sinks.length, 3)
      yield* ask(service, call, { key: "b" })
      assert.strictEqual(call.sinks.length, 4)
    })
  )
})

describe("a call of several clients", () => {
  it.effect("ends as its caller leaving when the last one leaves, and as a stop when the gateway stops", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      const [one, two] = [yield* ask(service, call), yield* ask(service, call)]
      yield* Fiber.interrupt(one.fiber)
      assert.deepStrictEqual(call.exits, [])
      yield* Fiber.interrupt(two.fiber)
      assert.strictEqual(call.exits.length, 1)
      const clients = [yield* ask(service, call), yield* ask(service, call)]
      yield* Effect.forEach(clients, ({ fiber }) => Fiber.interruptAs(fiber, shutdown), { concurrency: "unbounded" })
      const stopped = call.exits.map((exit) =>
        Exit.isFailure(exit) ? [...Cause.interruptors(exit.cause)].includes(shutdown) : null
      )
      assert.deepStrictEqual(stopped, [false, true])
    })
  )

  it.effect("goes on when the client that started it leaves", () =>
    Effect.gen(function* () {
      const service = yield* make()
      const call = calls()
      const first = yield* ask(service, call)
      const second = yield* ask(service, call)
      yield* Fiber.interrupt(first.fiber)
      call.say("begin")
      call.say("whole")
      yield* call.succeed()
      yield* Fiber.join(second.fiber)
      assert.strictEqual(second.client.bytes().toString(), "whole")
      assert.strictEqual(first.client.bytes().toString(), "")
    })
  )

  it.effect("is interrupted if and only if the last client leaves, whoever came and went before", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(fc.constant("join" as const), fc.constant("say" as const), fc.nat(5)), { maxLength: 25 }),
          (steps) =>
            Effect.runPromise(
              Effect.gen(function* () {
                const service = yield* Idempotency.make()
                const call = calls()
                const here = [yield* ask(service, call)]
                call.say("begin")
                let said = ""
                for (const step of steps) {
                  if (here.length === 0) break
                  if (step === "join") here.push(yield* ask(service, call))
                  else if (step === "say") {
                    call.say("x")
                    said += "x"
                  } else {
                    const [left] = here.splice(step % here.length, 1)
                    if (left !== undefined) yield* Fiber.interrupt(left.fiber)
                  }
                  assert.strictEqual(call.exits.length, here.length === 0 ? 1 : 0)
                }
                if (here.length === 0) return
                yield* call.succeed()
                for (const { client, fiber } of here) {
                  yield* Fiber.join(fiber)
                  assert.strictEqual(client.bytes().toString(), said)
                }
                assert.strictEqual(call.sinks.length, 1)
              })
            )
        ),
        { numRuns: 100 }
      )
    )
  )
})

describe("an Idempotency-Key", () => {
  it("is 1 to 255 visible ASCII characters", () => {
    for (const key of ["a", "x".repeat(255), "7d7a3d2e-0000-4000-8000-000000000000", '"quoted"']) {
      assert.deepStrictEqual(Idempotency.readKey(key), Either.right(key))
    }
    for (const key of ["", "x".repeat(256), "two words", "a, a", "tab\t", "ü", "\u007f"]) {
      assert.isTrue(Either.isLeft(Idempotency.readKey(key)), JSON.stringify(key))
    }
  })
})
