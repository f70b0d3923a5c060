/**
 * One call for requests that are the same request, sent again: `Idempotency-Key`.
 *
 * The first request starts the call, which from then on belongs to whoever is attached: its own client may leave, and
 * the call goes on while there is another. When the last one leaves, the call is interrupted, as any call is whose caller
 * leaves. A repeat that comes later is given the finished answer. Only whole answers are kept: after a failure, or a call
 * that everybody left, a repeat runs anew. One call is one row in the ledger, however many clients it has.
 *
 * Kept in memory, for this process: a restart forgets.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import { LRUCache } from "lru-cache"
import { hash } from "node:crypto"
import { shutdown, type Sink } from "../exchange/Call.ts"
import * as Recording from "./Recording.ts"

/** A request that may come again. */
export interface Repeatable {
  /** What the ledger calls the request if it is the first of its kind. */
  readonly id: RequestId
  /** The name of the caller's virtual key, null without authentication: callers do not share answers. */
  readonly caller: string | null
  /** The endpoint's path. */
  readonly path: string
  readonly key: string
  /** Compared byte for byte (by SHA-256): the same key must come with the same body. */
  readonly body: Uint8Array
}

/** Where a client's answer goes. `first` is the id of the request that started the call; `repeat` says it was another. */
export type SinkOf = (first: RequestId, repeat: boolean) => Sink<Uint8Array>

export interface Service {
  /**
   * Runs the call, joins it while it runs, or gives its finished answer; completes when the client has been given all of
   * it. Fails as the call does, and with `conflict` for another body, or an answer that is too large to share.
   */
  readonly answer: (
    request: Repeatable,
    sinkOf: SinkOf,
    run: (sink: Sink<Uint8Array>) => Effect.Effect<void, GatewayError.GatewayError>
  ) => Effect.Effect<void, GatewayError.GatewayError>
}

export class Idempotency extends Context.Tag("@penstock/gateway/replay/Idempotency")<Idempotency, Service>() {}

export interface Bounds {
  /** How long a finished answer is kept. */
  readonly keptMillis: number
  /** Of all finished answers together. There is no bound of entries: a table would be laid out for as many at once. */
  readonly maxBytes: number
  /** Of one answer: a longer one is given to those who are attached already, and is not kept. */
  readonly maxAnswerBytes: number
}

export const bounds: Bounds = {
  keptMillis: 24 * 3_600_000,
  maxBytes: 256 * 1024 * 1024,
  maxAnswerBytes: 16 * 1024 * 1024
}

/** A call on its way. */
interface Running {
  readonly id: RequestId
  readonly digest: string
  readonly recording: Recording.Recording
  /** Clients that it runs for. */
  attached: number
  fiber: Fiber.RuntimeFiber<void, GatewayError.GatewayError> | null
}

interface Finished {
  readonly id: RequestId
  readonly digest: string
  /** Null when it was too large to keep. The key stays taken: a repeat must not be billed again. */
  readonly answer: Recording.Answer | null
}

/** What an entry takes beside its answer: keys, digests and the tables that they are in. */
const entryBytes = 1024

const visible = /^[\x21-\x7e]{1,255}$/

/** The key as a header gives it. Fails with `invalid_request`. */
export const readKey = (header: string): Either.Either<string, GatewayError.GatewayError> =>
  visible.test(header)
    ? Either.right(header)
    : Either.left(
        GatewayError.make(
          "invalid_request",
          "The Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces: send a UUID, for example.",
          { param: "Idempotency-Key", code: "invalid_idempotency_key" }
        )
      )

const reused = Effect.fail(
  GatewayError.make(
    "conflict",
    "This Idempotency-Key was sent before, with another body. Send the same bytes again, or use a new key.",
    { code: "idempotency_key_reused" }
  )
)

const tooLarge = (maxBytes: number) =>
  Effect.fail(
    GatewayError.make(
      "conflict",
      `The answer to the request with this Idempotency-Key is larger than ${maxBytes} bytes: it goes to those who asked before it was, and is not kept. Use a new key to ask again.`,
      { code: "idempotent_answer_too_large" }
    )
  )

const isShutdown = (outcome: Recording.Outcome): boolean =>
  Exit.isFailure(outcome) && HashSet.has(Cause.interruptors(outcome.cause), shutdown)

export const make = (within: Bounds = bounds): Effect.Effect<Service> =>
  Effect.map(Effect.clock, (clock) => {
    const running = new Map<string, Running>()
    const finished = new LRUCache<string, Finished>({
      maxSize: within.maxBytes,
      sizeCalculation: ({ answer }) => entryBytes + (answer === null ? 0 : answer.bytes.length),
      ttl: within.keptMillis,
      ttlResolution: 0,
      perf: { now: () => clock.unsafeCurrentTimeMillis() }
    })

    const finish = (scope: string, call: Running, outcome: Recording.Outcome): void => {
      if (running.get(scope) === call) running.delete(scope)
      call.recording.finish(outcome)
      if (Exit.isFailure(outcome)) return
      finished.set(scope, { id: call.id, digest: call.digest, answer: call.recording.answer() })
    }

    const start = (scope: string, call: Running, run: Effect.Effect<void, GatewayError.GatewayError>) =>
      Effect.interruptible(run).pipe(
        Effect.onExit((outcome) => Effect.sync(() => finish(scope, call, outcome))),
        // It outlives the request that starts it, but not the last client, who waits for its end.
        Effect.forkDaemon,
        Effect.map((fiber) => {
          call.fiber = fiber
        })
      )

    /** Whoever is last ends the call, in his own name: a caller who leaves, or the gateway that stops. */
    const leave = (scope: string, call: Running, outcome: Recording.Outcome): Effect.Effect<void> => {
      call.attached -= 1
      if (call.attached > 0 || running.get(scope) !== call) return Effect.void
      running.delete(scope)
      if (call.fiber === null) return Effect.void
      return Effect.asVoid(Fiber.interruptAs(call.fiber, isShutdown(outcome) ? shutdown : FiberId.none))
    }

    const taken = (call: Running, sink: Sink<Uint8Array>) =>
      Effect.async<void, GatewayError.GatewayError>((resume) => {
        const detach = call.recording.attach(sink, resume)
        return Effect.sync(detach)
      })

    const replay = ({ answer, id }: Finished, sinkOf: SinkOf) => {
      if (answer === null) return tooLarge(within.maxAnswerBytes)
      const sink = sinkOf(id, true)
      sink.begin(answer.head)
      sink.write(answer.bytes)
      sink.end(answer.cost)
      return Effect.void
    }

    return {
      answer: (request, sinkOf, run) =>
        Effect.uninterruptibleMask((restore) =>
          // From here to the count of clients nothing else runs: who has found a call has joined it.
          Effect.suspend(() => {
            const scope = JSON.stringify([request.caller, request.path, request.key])
            const digest = hash("sha256", request.body)
            const kept = finished.get(scope)
            if (kept !== undefined) return kept.digest === digest ? replay(kept, sinkOf) : reused
            const joined = running.get(scope)
            if (joined !== undefined && joined.digest !== digest) return reused
            if (joined !== undefined && !joined.recording.isJoinable()) return tooLarge(within.maxAnswerBytes)
            const call = joined ?? {
              id: request.id,
              digest,
              recording: Recording.make(within.maxAnswerBytes),
              attached: 0,
              fiber: null
            }
            const sink = sinkOf(call.id, joined !== undefined)
            const answered = Effect.suspend(() => run(call.recording.sink))
            call.attached += 1
            running.set(scope, call)
            return Effect.zipRight(
              joined === undefined ? start(scope, call, answered) : Effect.void,
              restore(taken(call, sink))
            ).pipe(Effect.onExit((outcome) => Effect.suspend(() => leave(scope, call, outcome))))
          })
        )
    }
  })

export const layer: Layer.Layer<Idempotency> = Layer.effect(Idempotency, make())
