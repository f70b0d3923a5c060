/**
 * The time that an attempt may take: until the connection, until the first token, between two pieces, and in all. One
 * alarm, whose time is moved as the answer gets on: no timer, no fiber and no Effect per chunk.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { Alarm, Watchdog } from "../failover/Watchdog.ts"
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

type Phase = "connect" | "first_token" | "idle" | "ending" | "paused"

/** How long an answer that has ended waits for what may still follow. */
const endingMillis = 1_000

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
    case "ending":
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

/** One attempt's time. A record and functions over it: a closure for each would cost every request. */
export interface TimeLimit {
  readonly limits: Limits
  readonly watchdog: Watchdog
  readonly provider: Provider
  readonly startedAt: number
  phase: Phase
  stop: Stop | null
  alarm: Alarm | null
}

const tokenAt = ({ limits, startedAt }: TimeLimit): number => Math.min(limits.deadline, startedAt + limits.firstToken)

const idleAt = ({ limits, watchdog }: TimeLimit): number => Math.min(limits.deadline, watchdog.now() + limits.idle)

const ring = (limit: TimeLimit): void => {
  const { limits, phase, provider, startedAt, watchdog } = limit
  const at = watchdog.now()
  const early = phase === "connect" && at < startedAt + limits.connect
  end(limit, late(at >= limits.deadline ? "total" : early ? "first_token" : phase, limits, provider))
}

const move = ({ alarm, watchdog }: TimeLimit, at: number): void => {
  if (alarm !== null) watchdog.move(alarm, at)
}

/** The attempt's time begins now. */
export const start = (limits: Limits, watchdog: Watchdog, provider: Provider): TimeLimit => {
  const startedAt = watchdog.now()
  const limit: TimeLimit = { limits, watchdog, provider, startedAt, phase: "connect", stop: null, alarm: null }
  limit.alarm = watchdog.set(Math.min(tokenAt(limit), startedAt + limits.connect), () => ring(limit))
  return limit
}

export const connected = (limit: TimeLimit): void => {
  if (limit.phase !== "connect") return
  limit.phase = "first_token"
  move(limit, tokenAt(limit))
}

/** The answer is being written: from here on each piece has its own time. */
export const answering = (limit: TimeLimit): void => {
  limit.phase = "idle"
  move(limit, idleAt(limit))
}

/** A piece has come. Its time is always later than the one before: the watchdog need not be told. */
export const alive = (limit: TimeLimit): void => {
  if (limit.phase === "idle" && limit.alarm !== null) limit.alarm.at = idleAt(limit)
}

/** The answer is there, but for the counts and the wire's end mark, which some servers never send. */
export const ending = (limit: TimeLimit): void => {
  if (limit.phase === "ending") return
  limit.phase = "ending"
  move(limit, Math.min(idleAt(limit), limit.watchdog.now() + endingMillis))
}

/** What seemed to be the end of the answer was that of a part of it. */
export const goesOn = (limit: TimeLimit): void => {
  if (limit.phase === "ending") answering(limit)
}

/** The caller takes no more for now: the time that he takes is not the provider's. */
export const paused = (limit: TimeLimit): void => {
  limit.phase = "paused"
  if (limit.alarm !== null) limit.alarm.at = limit.limits.deadline
}

export const resumed = (limit: TimeLimit): void => {
  if (limit.phase === "paused") answering(limit)
}

/** Ends the exchange now, if it has begun. */
export const end = ({ stop }: TimeLimit, why: GatewayError.GatewayError): void => stop?.(why)

/** The attempt is over. */
export const clear = ({ alarm, watchdog }: TimeLimit): void => {
  if (alarm !== null) watchdog.clear(alarm)
}
