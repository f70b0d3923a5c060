/** The latest events of a session, so that a caller whose stream broke off gets what it missed. Bounded in number. */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server"

interface Entry {
  readonly stream: string
  readonly message: JSONRPCMessage
}

/** Keeps the last `limit` events of all streams of one session together. */
export const make = (limit: number): EventStore => {
  /** In the order of their ids, which rise. */
  const events = new Map<string, Entry>()
  let last = 0
  return {
    storeEvent: async (stream, message) => {
      const id = String(++last)
      events.set(id, { stream, message })
      if (events.size > limit) events.delete(String(last - limit))
      return id
    },
    getStreamIdForEventId: async (id) => events.get(id)?.stream,
    replayEventsAfter: async (lastId, { send }) => {
      const stream = events.get(lastId)?.stream
      if (stream === undefined) throw new Error(`The event ${lastId} is not kept any more`)
      const missed = [...events].filter(([id, entry]) => Number(id) > Number(lastId) && entry.stream === stream)
      for (const [id, { message }] of missed) {
        // What opened the stream is no message.
        if ("jsonrpc" in message) await send(id, message)
      }
      return stream
    }
  }
}
