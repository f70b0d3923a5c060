/**
 * Exact answers to exact requests, in memory: bounded in entries (`cache.max_entries`), in bytes and in time
 * (`cache.ttl`), the least recently used given up first. Off unless `cache.enabled` is set.
 */
import type { Completion } from "@penstock/schema/Completion"
import type { CacheConfig } from "@penstock/schema/config/PenstockConfig"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { LRUCache } from "lru-cache"
import type { Head } from "../exchange/Call.ts"
import { Settings } from "../Settings.ts"

/** A whole answer. */
export interface Kept {
  /** In no provider's words, so that it can be given streamed and whole; or as it came, where there is one way to give it. */
  readonly answer: Completion | Buffer
  /** As the answer was first given; its `cost` is what the answer cost then, null when that is not known. */
  readonly head: Head
  /** Seconds since the epoch: when it was first given. */
  readonly created: number
}

export interface Store {
  /** Null when there is none, or it is too old. */
  readonly get: (key: string) => Kept | null
  readonly set: (key: string, kept: Kept) => void
}

export interface Service {
  /**
   * The cache in force, null when there is none. Ask once per request: another configuration begins with an empty
   * cache, since a name may mean another model in it, and no answer of before may get into that.
   */
  readonly current: () => Store | null
}

export class ResponseCache extends Context.Tag("@penstock/gateway/cache/ResponseCache")<ResponseCache, Service>() {}

/** Of all answers together. */
const maxBytes = 256 * 1024 * 1024

/** An estimate, on the high side: two bytes a character, and what a key and the tables take. */
const sizeOf = ({ answer }: Kept): number =>
  1024 + (Buffer.isBuffer(answer) ? answer.length : 2 * JSON.stringify(answer).length)

const store = ({ max_entries, ttl }: CacheConfig, clock: Clock.Clock, limit: number): Store => {
  const kept = new LRUCache<string, Kept>({
    max: max_entries,
    maxSize: limit,
    sizeCalculation: sizeOf,
    ttl,
    ttlResolution: 0,
    perf: { now: () => clock.unsafeCurrentTimeMillis() }
  })
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, answer) => {
      kept.set(key, answer)
    }
  }
}

/** `limit`: the most bytes that all answers together may take. */
export const make = (limit: number = maxBytes): Effect.Effect<Service, never, Settings> =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const clock = yield* Effect.clock
    const current = settings.derive(({ cache }) => (cache.enabled && cache.ttl > 0 ? store(cache, clock, limit) : null))
    return { current }
  })

export const layerMemory: Layer.Layer<ResponseCache, never, Settings> = Layer.effect(ResponseCache, make())

/** No cache, whatever the configuration says: for programs that keep nothing. */
export const layerNoop: Layer.Layer<ResponseCache> = Layer.succeed(ResponseCache, { current: () => null })
