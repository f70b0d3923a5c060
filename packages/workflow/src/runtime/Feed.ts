/**
 * A run as it goes, within this process: its events, stored and numbered; its tokens, numbered and passed on; and the
 * word that it is to stop. A run that goes on in another process gets a new channel.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RunEvent } from "./RunRecord.ts"
import { RunStore } from "./store/RunStore.ts"

export interface Channel {
  /** Once for each key: what is told again after a crash was told. */
  readonly tell: (key: string, type: string, step: string | null, data: unknown) => Effect.Effect<void>
  /** `attempt`: a further one begins its text anew. */
  readonly token: (step: string, text: string, attempt: number) => Effect.Effect<void>
  /** Completes when the run is to be cancelled. */
  readonly cancelled: Deferred.Deferred<void>
}

/** What an `emit` step has sent. */
export interface Emission {
  readonly runId: string
  readonly workflow: string
  /** The step's path in the run: with the run's id, a name that no other emission has. */
  readonly path: string
  readonly event: string
  readonly data: unknown
  readonly caller: Caller | null
}

export interface Service {
  readonly channel: (runId: string) => Effect.Effect<Channel>
  /** Events behind `after`: those that are stored, then the others as they come, up to the run's end. */
  readonly events: (runId: string, after: number) => Stream.Stream<RunEvent>
  /** The ids of runs as they end, from now on. Whoever is too slow misses some. */
  readonly ended: Effect.Effect<Queue.Dequeue<string>, never, Scope.Scope>
  /** Told again when a run is replayed. */
  readonly emit: (emission: Emission) => Effect.Effect<void>
  /** From now on. */
  readonly emissions: Effect.Effect<Queue.Dequeue<Emission>, never, Scope.Scope>
  /** Forgets a run that has ended. Its listeners have heard so. */
  readonly close: (runId: string) => Effect.Effect<void>
}

export class Feed extends Context.Tag("@penstock/workflow/runtime/Feed")<Feed, Service>() {}

/** Tokens take numbers that are not stored. After a restart, numbers go on above any that a listener may have seen. */
const restartGap = 1_000_000

export const lastType = "run.finished"

interface Open extends Channel {
  readonly heard: PubSub.PubSub<RunEvent>
}

const make = Effect.gen(function* () {
  const store = yield* RunStore
  const open = new Map<string, Open>()
  const ended = yield* PubSub.sliding<string>(1024)
  const emitted = yield* PubSub.unbounded<Emission>()
  const opening = Effect.unsafeMakeSemaphore(1)

  const begin = Effect.fnUntraced(function* (runId: string) {
    const last = yield* store.lastEvent(runId)
    let number = last === 0 ? 0 : last + restartGap
    const heard = yield* PubSub.unbounded<RunEvent>()
    const inOrder = Effect.unsafeMakeSemaphore(1)
    const channel: Open = {
      heard,
      cancelled: yield* Deferred.make<void>(),
      tell: Effect.fnUntraced(function* (key, type, step, data) {
        const event: RunEvent = { number: ++number, type, step, data, at: yield* Clock.currentTimeMillis }
        if (!(yield* store.addEvent(runId, key, event))) return
        yield* PubSub.publish(heard, event)
        if (type === lastType) yield* PubSub.publish(ended, runId)
      }, inOrder.withPermits(1)),
      token: (step, text, attempt) =>
        Effect.flatMap(Clock.currentTimeMillis, (at) =>
          PubSub.publish(heard, { number: ++number, type: "token", step, data: { text, attempt }, at })
        )
    }
    open.set(runId, channel)
    return channel
  })

  const channel = (runId: string) =>
    opening.withPermits(1)(
      Effect.suspend(() => {
        const known = open.get(runId)
        return known === undefined ? begin(runId) : Effect.succeed(known)
      })
    )

  const service: Service = {
    channel,
    events: (runId, after) =>
      Stream.unwrapScoped(
        Effect.gen(function* () {
          const before = yield* store.events(runId, after)
          if (before.some(({ type }) => type === lastType)) return Stream.fromIterable(before)
          const { heard } = yield* channel(runId)
          const live = yield* Stream.fromPubSub(heard, { scoped: true })
          const stored = yield* store.events(runId, after)
          const seen = new Set(stored.map(({ number }) => number))
          const later = Stream.filter(live, ({ number }) => number > after && !seen.has(number))
          return Stream.concat(Stream.fromIterable(stored), later).pipe(
            Stream.takeUntil(({ type }) => type === lastType)
          )
        })
      ),
    ended: PubSub.subscribe(ended),
    emit: (emission) => PubSub.publish(emitted, emission),
    emissions: PubSub.subscribe(emitted),
    close: (runId) => Effect.sync(() => void open.delete(runId))
  }
  return service
})

export const layer: Layer.Layer<Feed, never, RunStore> = Layer.effect(Feed, make)
