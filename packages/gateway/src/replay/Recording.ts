/**
 * One answer for several clients. The call writes it once; each client is given everything from the beginning and then
 * what comes, at its own pace.
 *
 * The provider is paused only while every client is full: the fastest sets the pace, the others catch up from what is
 * recorded. That is bounded. An answer that outgrows the bound can no longer be joined, and from then on only what some
 * client has still to take is kept; a client that is further behind another than the bound is let go. The last client
 * is never let go: it slows the provider, as it would without others.
 *
 * Everything here is synchronous: it is the byte path.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { NanoDollars } from "@penstock/schema/Money"
import * as Exit from "effect/Exit"
import type { Head, Sink } from "../exchange/Call.ts"

export type Outcome = Exit.Exit<void, GatewayError.GatewayError>

/** A whole answer, to be given again. */
export interface Answer {
  readonly head: Head
  readonly bytes: Buffer
  readonly cost: NanoDollars | null
}

export interface Recording {
  /** Where the call writes. */
  readonly sink: Sink<Uint8Array>
  /**
   * Another client. `done` is called once, when it has been given all there is and the call has ended, or when it is let
   * go. Gives a function by which it leaves; then `done` is not called.
   */
  readonly attach: (sink: Sink<Uint8Array>, done: (outcome: Outcome) => void) => () => void
  /** Whether the beginning is still here, so that another client can be given everything. */
  readonly isJoinable: () => boolean
  /** How the call ended; nothing is written after. */
  readonly finish: (outcome: Outcome) => void
  /** The answer, if it is whole and all of it is here. */
  readonly answer: () => Answer | null
}

interface Client {
  readonly sink: Sink<Uint8Array>
  readonly done: (outcome: Outcome) => void
  /** How many chunks it has taken. */
  taken: number
  begun: boolean
  ended: boolean
  /** It wants no more for now. */
  full: boolean
}

const fellBehind = (maxBytes: number): Outcome =>
  Exit.fail(
    GatewayError.make(
      "conflict",
      `This client is more than ${maxBytes} bytes behind another that reads the same answer, and was let go. Read faster, or send the request under an Idempotency-Key of its own.`,
      { code: "idempotent_client_fell_behind" }
    )
  )

export const make = (maxBytes: number): Recording => {
  let clients: ReadonlyArray<Client> = []
  const chunks: Array<Uint8Array> = []
  /** Chunks that came before those in `chunks` and are not kept. */
  let forgotten = 0
  /** Bytes in `chunks`. */
  let size = 0
  let joinable = true
  let head: Head | null = null
  /** Undefined until the answer is whole. */
  let cost: NanoDollars | null | undefined
  let outcome: Outcome | null = null
  let paused = false
  let resume = () => {}

  const remove = (client: Client): void => {
    clients = clients.filter((other) => other !== client)
  }

  /** Gives a client what it has not been given yet, as far as it takes it. */
  const deliver = (client: Client): void => {
    const { sink } = client
    if (head !== null && !client.begun) {
      client.begun = true
      sink.begin(head)
    }
    while (!client.full) {
      const chunk = chunks[client.taken - forgotten]
      if (chunk === undefined) break
      client.taken += 1
      client.full = !sink.write(chunk)
    }
    if (client.taken < forgotten + chunks.length) return
    if (cost !== undefined && !client.ended) {
      client.ended = true
      sink.end(cost)
    }
    if (outcome === null) return
    remove(client)
    client.done(outcome)
  }

  /** Forgets what every client has taken, and lets those go who keep too much here. */
  const forget = (): void => {
    for (;;) {
      const first = Math.min(forgotten + chunks.length, ...clients.map((client) => client.taken))
      for (const chunk of chunks.splice(0, first - forgotten)) size -= chunk.length
      forgotten = first
      if (size <= maxBytes) return
      const slowest = clients.find((client) => client.taken === first)
      // Those who are equally far are all full: the provider waits.
      if (slowest === undefined || clients.every((client) => client.taken === first)) return
      remove(slowest)
      slowest.done(fellBehind(maxBytes))
    }
  }

  /** A client can take more. */
  const advance = (client: Client): void => {
    deliver(client)
    if (!joinable) forget()
    if (!paused || client.full) return
    paused = false
    resume()
  }

  return {
    sink: {
      begin: (begun) => {
        head = begun
        for (const client of clients) deliver(client)
      },
      write: (chunk) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > maxBytes) joinable = false
        for (const client of clients) deliver(client)
        if (!joinable) forget()
        paused = clients.length > 0 && clients.every((client) => client.full)
        return !paused
      },
      onDrain: (how) => {
        resume = how
      },
      end: (total) => {
        cost = total
        for (const client of clients) deliver(client)
      }
    },
    attach: (sink, done) => {
      const client: Client = { sink, done, taken: 0, begun: false, ended: false, full: false }
      clients = [...clients, client]
      sink.onDrain(() => {
        if (!client.full || !clients.includes(client)) return
        client.full = false
        advance(client)
      })
      advance(client)
      return () => {
        remove(client)
        if (!joinable) forget()
      }
    },
    isJoinable: () => joinable,
    finish: (how) => {
      outcome = how
      for (const client of clients) deliver(client)
    },
    answer: () => {
      if (head === null || cost === undefined || !joinable || outcome === null || Exit.isFailure(outcome)) return null
      // Copied: chunks may be small parts of large buffers.
      return { head, bytes: Buffer.concat(chunks), cost }
    }
  }
}
