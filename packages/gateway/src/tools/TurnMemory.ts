/**
 * What a caller does not see of a conversation and the model must see again: the turns before one that ended with calls
 * of the caller's own tools. Found when the caller comes back with their results, by the ids of those calls and by the
 * conversation before them: some servers number the calls of each answer from 0. In memory, for an hour, bounded in
 * entries and bytes, the least recently used given up first; each belongs to the key that had it.
 *
 * Without it (another process, too late) the model sees what the caller sends: its text and its calls, as with any
 * provider, but not what the gateway's tools answered.
 */
import type { Message } from "@penstock/schema/ChatRequest"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { LRUCache } from "lru-cache"
import { createHash, type Hash } from "node:crypto"

export interface TurnMemory {
  /** `turns` stand for the answer to `messages` that holds the calls with these ids. */
  readonly keep: (
    caller: string | null,
    messages: ReadonlyArray<Message>,
    callIds: ReadonlyArray<string>,
    turns: ReadonlyArray<Message>
  ) => void
  /** The messages with what is remembered in place of the answers that the caller was given. */
  readonly recall: (caller: string | null, messages: ReadonlyArray<Message>) => ReadonlyArray<Message>
}

const maxBytes = 64 * 1024 * 1024
const ttlMillis = 60 * 60 * 1000

/** An estimate, on the high side: two bytes a character, and what a key and the tables take. */
const sizeOf = (turns: ReadonlyArray<Message>): number => 1024 + 2 * JSON.stringify(turns).length

const callIdsOf = (message: Message): ReadonlyArray<string> =>
  message.role === "assistant" ? message.content.flatMap((part) => (part.type === "tool-call" ? [part.id] : [])) : []

/** Instructions may tell the time, and differ from request to request. */
const add = (conversation: Hash, message: Message): void => {
  if (message.role !== "system" && message.role !== "developer") conversation.update(JSON.stringify(message))
}

const keyOf = (caller: string | null, conversation: Hash, callIds: ReadonlyArray<string>): string =>
  JSON.stringify([caller, conversation.copy().digest("base64"), ...callIds])

export const make: Effect.Effect<TurnMemory> = Effect.map(Effect.clock, (clock: Clock.Clock) => {
  const kept = new LRUCache<string, ReadonlyArray<Message>>({
    maxSize: maxBytes,
    sizeCalculation: sizeOf,
    ttl: ttlMillis,
    ttlResolution: 0,
    perf: { now: () => clock.unsafeCurrentTimeMillis() }
  })
  return {
    keep: (caller, messages, callIds, turns) => {
      const conversation = createHash("sha256")
      for (const message of messages) add(conversation, message)
      kept.set(keyOf(caller, conversation, callIds), turns)
    },
    recall: (caller, messages) => {
      const conversation = createHash("sha256")
      return messages.flatMap((message) => {
        const ids = callIdsOf(message)
        const turns = ids.length === 0 ? undefined : kept.get(keyOf(caller, conversation, ids))
        add(conversation, message)
        return turns ?? [message]
      })
    }
  }
})
