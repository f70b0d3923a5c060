import { assert, describe, it } from "@effect/vitest"
import { type Receiver, stoppable, type Stop, type Transport } from "@penstock/gateway/providers/Transport"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { http, ignore, post, signal, test, transportTo } from "./loopback.ts"

const late = GatewayError.make("timeout", "too late")

describe("an exchange that is stopped from outside", () => {
  test(
    "fails with what it was stopped with, and its connection is closed, before the head and within the body",
    Effect.gen(function* () {
      for (const begun of [false, true]) {
        const asked = signal<void>()
        const closed = signal<void>()
        const { url } = yield* http((request, response) => {
          request.socket.once("close", () => closed.give())
          request.resume()
          if (begun) response.write("data: a\n\n")
          else asked.give()
        })
        const said: Array<string> = []
        let stop: Stop = () => {}
        const exchange = stoppable(yield* transportTo(url), post(), {
          onStart: (how) => {
            said.push("start")
            stop = how
          },
          onConnect: () => said.push("connect"),
          onHead: () => said.push("head"),
          onChunk: () => {
            asked.give()
            return "more"
          }
        })
        const fiber = yield* Effect.fork(exchange)
        yield* asked.wait
        stop(late)
        stop(GatewayError.make("timeout", "again"))
        assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), late)
        yield* closed.wait
        assert.deepStrictEqual(said, begun ? ["start", "connect", "head"] : ["start", "connect"])
      }
    })
  )

  test(
    "before it has a connection sends nothing, and does not disturb the next",
    Effect.gen(function* () {
      let requests = 0
      const { url } = yield* http((_, response) => {
        requests += 1
        response.end()
      })
      const transport = yield* transportTo(url)
      const stopped = yield* Effect.flip(stoppable(transport, post(), { ...ignore, onStart: (stop) => stop(late) }))
      assert.strictEqual(stopped, late)
      yield* stoppable(transport, post(), ignore)
      assert.strictEqual(requests, 1)
    })
  )

  it.effect("is interrupted where its transport knows nothing of stopping", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const silent: Transport = {
        exchange: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted += 1)))
      }
      let connected = 0
      const receiver: Receiver = { ...ignore, onConnect: () => (connected += 1), onStart: (stop) => stop(late) }
      const failure = yield* Effect.flip(stoppable(silent, post(), receiver))
      assert.strictEqual(failure, late)
      // In this process there is no connection to wait for.
      assert.strictEqual(connected, 1)
      yield* Effect.yieldNow()
      assert.strictEqual(interrupted, 1)
      // So is one whose caller leaves, and whoever interrupts waits for that.
      const fiber = yield* Effect.fork(stoppable(silent, post(), ignore))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(interrupted, 2)
      const broken: Transport = { exchange: () => Effect.die("a bug") }
      const exit = yield* Effect.exit(stoppable(broken, post(), ignore))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    })
  )
})
