/**
 * Conversations that callers refer to by the id of their last response (`previous_response_id`): in memory, for a day,
 * bounded in entries and bytes, the least recently used given up first. Each belongs to the key that had it.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LRUCache } from "lru-cache"
import { isObject, listIn, parse, type JsonObject } from "../wire/Json.ts"

export interface Conversation {
  /** All items, input and output, the response's own at the end. */
  readonly items: ReadonlyArray<unknown>
  /** Who gave the response. */
  readonly provider: string
  /** As the caller got it. */
  readonly response: JsonObject
}

export interface Store {
  /** Null when it is not here, or no longer. */
  readonly get: (caller: string | null, id: string) => Conversation | null
  readonly set: (caller: string | null, id: string, conversation: Conversation) => void
  /** Says whether it was here. */
  readonly remove: (caller: string | null, id: string) => boolean
}

const maxBytes = 128 * 1024 * 1024
const ttlMillis = 24 * 60 * 60 * 1000

/** An estimate, on the high side: two bytes a character, and what a key and the tables take. */
const sizeOf = ({ items, response }: Conversation): number =>
  1024 + 2 * (JSON.stringify(items).length + JSON.stringify(response).length)

export const make: Effect.Effect<Store> = Effect.map(Effect.clock, (clock: Clock.Clock) => {
  const kept = new LRUCache<string, Conversation>({
    maxSize: maxBytes,
    sizeCalculation: sizeOf,
    ttl: ttlMillis,
    ttlResolution: 0,
    perf: { now: () => clock.unsafeCurrentTimeMillis() }
  })
  const keyOf = (caller: string | null, id: string): string => JSON.stringify([caller, id])
  return {
    get: (caller, id) => kept.get(keyOf(caller, id)) ?? null,
    set: (caller, id, conversation) => {
      kept.set(keyOf(caller, id), conversation)
    },
    remove: (caller, id) => kept.delete(keyOf(caller, id))
  }
})

/** What was asked: all items but the response's own. */
export const inputOf = ({ items, response }: Conversation): ReadonlyArray<unknown> =>
  items.slice(0, items.length - listIn(response["output"]).length)

/** A request's input as items. */
export const inputItems = (input: unknown): ReadonlyArray<unknown> =>
  typeof input === "string" ? [{ type: "message", role: "user", content: input }] : listIn(input)

/** The response in an answer's bytes, whole or in its stream's last event; null where it did not end well. */
export const responseIn = (bytes: Buffer, stream: boolean): JsonObject | null => {
  const text = bytes.toString("utf8")
  if (!stream) {
    const json = parse(text)
    return isObject(json) ? json : null
  }
  const at = text.lastIndexOf("\ndata: ")
  const event = at === -1 ? null : parse(text.slice(at + 7).split("\n", 1)[0] ?? "")
  const response = isObject(event) ? event["response"] : null
  return isObject(response) && response["status"] !== "failed" ? response : null
}
