/**
 * The time that an attempt may take: until the connection, until the first token, between two pieces, and in all. One
 * alarm, whose time is moved as the answer gets on: no timer, no fiber and no Effect per chunk.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { Watchdog } from "../failover/Watchdog.ts"
import type { Provider } from "../providers/Provider.ts"
import type { Stop } from "../providers/Transport.ts"

/** In milliseconds; `Infinity` for no limit. */
export interface Limits {
  readonly connect: number
  /** Until the first token of a stream, or the head of a whole answer. */
  readonly firstToken: number
  readonly idle: number
  /** When all must be over, in milliseconds since the epoch. */
  readonly deadline: number
}

export interface TimeLimit {
  readonly onStart: (stop: Stop) => void
  readonly connected: () => void
  /** The answer is being written: from here on each piece has its own time. */
  readonly answering: () => void
  /** A piece has come. */
  readonly alive: () => void
  /** The caller takes no more for now: the time that he takes is not the provider's. */
  readonly paused: () => void
  readonly resumed: () => void
  readonly end: () => void
}

type Phase = "connect" | "first_token" | "idle" | "paused"

const inWords = (millis: number): string => (millis < 1000 ? `${millis} ms` : `${millis / 1000} s`)

/** What took too long; each names the setting that allows it. */
const late = (phase: Phase | "total", limits: Limits, { name }: Provider): GatewayError.GatewayError => {
  switch (phase) {
    case "connect":
      return GatewayError.make(
        "timeout",
        `Provider "${name}" accepted no connection within ${inWords(limits.connect)} (\`timeout.connect\`).`
      )
    case "first_token":
      return GatewayError.make(
        "timeout",
        `Provider "${name}" began no answer within ${inWords(limits.firstToken)} (\`timeout.first_token\`).`
      )
    case "idle":
      return GatewayError.make(
        "timeout",
        `Provider "${name}" stopped in the middle of its answer for ${inWords(limits.idle)} (\`timeout.idle\`).`
      )
    case "paused":
    case "total":
      return GatewayError.make(
        "timeout",
        `Provider "${name}" did not finish within the time for the whole request (\`timeout.total\`).`
      )
  }
}

export const start = (limits: Limits, watchdog: Watchdog, provider: Provider): TimeLimit => {
  const startedAt = watchdog.now()
  const tokenAt = Math.min(limits.deadline, startedAt + limits.firstToken)
  let phase: Phase = "connect"
  let stop: Stop | null = null
  const ring = (): void => {
    const at = watchdog.now()
    const early = phase === "connect" && at < startedAt + limits.connect
    stop?.(late(at >= limits.deadline ? "total" : early ? "first_token" : phase, limits, provider))
  }
  const alarm = watchdog.set(Math.min(tokenAt, startedAt + limits.connect), ring)
  const idleAt = (): number => Math.min(limits.deadline, watchdog.now() + limits.idle)
  return {
    onStart: (how) => {
      stop = how
    },
    connected: () => {
      if (phase !== "connect") return
      phase = "first_token"
      watchdog.move(alarm, tokenAt)
    },
    answering: () => {
      phase = "idle"
      watchdog.move(alarm, idleAt())
    },
    alive: () => {
      // Always later than it was: the watchdog need not be told.
      if (phase === "idle") alarm.at = idleAt()
    },
    paused: () => {
      phase = "paused"
      alarm.at = limits.deadline
    },
    resumed: () => {
      if (phase !== "paused") return
      phase = "idle"
      watchdog.move(alarm, idleAt())
    },
    end: () => watchdog.clear(alarm)
  }
}
