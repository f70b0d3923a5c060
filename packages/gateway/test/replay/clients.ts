/** Clients of an answer that take as much at once as a test says. */
import type { Head, Sink } from "@penstock/gateway/exchange/Call"
import type { Outcome } from "@penstock/gateway/replay/Recording"

export const head: Head = { provider: "mock", model: "m", attempts: 1, fallback: false, dropped: [], cost: null }

export interface Client {
  readonly sink: Sink<Uint8Array>
  /** What it was given, in order. */
  readonly calls: Array<"begin" | "write" | "end">
  readonly bytes: () => Buffer
  readonly isFull: () => boolean
  /** Takes as much again. */
  readonly drain: () => void
  readonly outcomes: Array<Outcome>
  readonly done: (outcome: Outcome) => void
}

/** After `room` writes it is full, until it is drained. */
export const client = (room = Number.POSITIVE_INFINITY): Client => {
  const calls: Client["calls"] = []
  const taken: Array<Uint8Array> = []
  const outcomes: Array<Outcome> = []
  let left = room
  let resume = () => {}
  return {
    calls,
    outcomes,
    bytes: () => Buffer.concat(taken),
    isFull: () => left <= 0,
    drain: () => {
      left = room
      resume()
    },
    done: (outcome) => outcomes.push(outcome),
    sink: {
      begin: () => calls.push("begin"),
      write: (chunk) => {
        calls.push("write")
        taken.push(chunk)
        left -= 1
        return left > 0
      },
      onDrain: (how) => {
        resume = how
      },
      end: () => calls.push("end")
    }
  }
}
