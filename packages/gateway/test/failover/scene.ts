/** A model with up to three targets that answer as they are told to, in a world where time stands still until it is moved. */
import { Breakers } from "@penstock/gateway/failover/Breakers"
import type { Call } from "@penstock/gateway/exchange/Call"
import { Gateway } from "@penstock/gateway/Gateway"
import type { Completion } from "@penstock/schema/Completion"
import type { GatewayError } from "@penstock/schema/GatewayError"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { openai, type Vendor } from "../exchange/answers.ts"
import * as Harness from "../exchange/gateway.ts"
import type { Answer } from "../exchange/transport.ts"

export const completion: Completion = {
  id: "answer-1",
  model: "m-2026",
  content: [{ type: "text", text: "Héllo 👋" }],
  finishReason: "stop",
  usage: Usage.make({ input: 5, output: 7 })
}

export const frames = (vendor: Vendor, answer: Completion = completion): ReadonlyArray<string> =>
  vendor
    .stream(answer, [...unfold(answer)], { newline: "\n", comments: false })
    .toString()
    .split("\n\n")
    .slice(0, -1)
    .map((frame) => `${frame}\n\n`)

/** Frames up to the first token, that one included. */
export const begun = (vendor: Vendor): ReadonlyArray<string> => {
  const all = frames(vendor)
  return all.slice(0, all.findIndex((frame) => frame.includes("Héllo")) + 1)
}

const json = { "content-type": "application/json" }

/** A good answer, streamed or whole. */
export const good = (vendor: Vendor, stream: boolean): Answer =>
  stream ? { chunks: frames(vendor) } : { headers: json, chunks: [vendor.whole(completion)] }

export const status = (
  status: number,
  headers: { readonly [name: string]: string } = {},
  code: string | null = null
): Answer => ({
  status,
  headers: { ...json, ...headers },
  chunks: [JSON.stringify({ error: { message: `it says ${status}`, type: "x", code } })]
})

/** One answer after the other; the last again and again. */
export const inTurn = (...answers: ReadonlyArray<Answer>) => {
  let at = 0
  return (): Answer => answers[Math.min(at++, answers.length - 1)]!
}

export interface Scene {
  /** What the first target, mock/m, answers. */
  readonly first: Harness.Script
  /** What the second, spare/m, answers; without it there is no second. */
  readonly second?: Harness.Script
  readonly third?: Harness.Script
  readonly secondVendor?: Vendor
  readonly entry?: object
  readonly stream?: boolean
  readonly config?: object
}

const retry = { max: 2, delay: "1s", factor: 2, jitter: "none" }

export const harnessOf = ({ config, entry, first, second, secondVendor = openai, third }: Scene) =>
  Harness.harness({
    vendor: openai,
    answer: first,
    others: {
      ...(second === undefined ? {} : { spare: { vendor: secondVendor, answer: second } }),
      ...(third === undefined ? {} : { third: { vendor: openai, answer: third } })
    },
    config: {
      models: {
        fast: {
          targets: [
            "mock/m",
            ...(second === undefined ? [] : ["spare/m"]),
            ...(third === undefined ? [] : ["third/m"])
          ],
          retry,
          ...entry
        }
      },
      ...config
    }
  })

/** A request under way, in a world where time stands still until it is moved. */
export const started = (scene: Scene) =>
  Effect.gen(function* () {
    const harness = harnessOf(scene)
    const sink = Harness.sink<Uint8Array>()
    const services = yield* Layer.build(harness.layer)
    const send = (to = sink) =>
      Effect.gen(function* () {
        const gateway = yield* Gateway
        const call = yield* Harness.call(scene.stream ?? false, { model: "fast" })
        return yield* gateway.run(call, to)
      }).pipe(Effect.provide(services))
    const fiber = yield* Effect.fork(send())
    yield* Harness.settled
    return { ...harness, sink, fiber, send, breakers: (yield* Effect.provide(Breakers, services)).states }
  })

/** Runs a request to its end. */
export const run = (scene: Scene, time: `${number} seconds` = "20 seconds") =>
  Effect.gen(function* () {
    const world = yield* started(scene)
    yield* TestClock.adjust(time)
    const exit = yield* Effect.either(Fiber.join(world.fiber))
    const failure: GatewayError | null = exit._tag === "Left" ? exit.left : null
    return { ...world, failure, settlement: world.settlements[0]! }
  })

export const notes = (world: { readonly settlements: Harness.Harness["settlements"] }) =>
  world.settlements[0]!.attempts.map(({ model, outcome, provider, reason, startedAt, upstreamStatus }) => [
    `${provider}/${model}`,
    outcome,
    reason,
    upstreamStatus,
    startedAt
  ])

/** Sends a call of a test's own making, and lets it get as far as it can while time stands still. */
export const sent = (
  harness: Harness.Harness,
  sink: Harness.Recorded<Uint8Array>,
  adapt: (call: Call<Uint8Array>) => Call<Uint8Array> = (call) => call
) =>
  Effect.gen(function* () {
    // Before the fiber is forked: what loads takes real time.
    const services = yield* Layer.build(harness.layer)
    const fiber = yield* Effect.fork(
      Effect.gen(function* () {
        const gateway = yield* Gateway
        yield* gateway.run(adapt(yield* Harness.call(true, { model: "fast" })), sink)
      }).pipe(Effect.provide(services))
    )
    yield* Harness.settled
    return fiber
  })
