/**
 * Watches over many deadlines with one timer. An alarm is set per attempt, moved with every piece of an answer and
 * almost never rings: setting and clearing one costs a few array operations, moving it later is an assignment.
 *
 * The timer sleeps until the earliest deadline that it knew of, and looks then which are due. It sleeps by Effect's
 * clock, so that a test can move the time.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"

export interface Alarm {
  /** When it rings, in milliseconds since the epoch. May be set to a later time at any moment; else see `move`. */
  at: number
  readonly ring: () => void
  /** The watchdog's own. */
  position: number
}

export interface Watchdog {
  readonly now: () => number
  /** Rings once, at `at` or shortly after. `ring` must not throw. */
  readonly set: (at: number, ring: () => void) => Alarm
  /** To any time. */
  readonly move: (alarm: Alarm, at: number) => void
  /** May be called at any time, also when it has rung. */
  readonly clear: (alarm: Alarm) => void
}

/** A timer cannot sleep for longer than 24 days; it looks again after one. */
const longestSleep = 86_400_000

export const make: Effect.Effect<Watchdog, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const runFork = Runtime.runFork(yield* Effect.runtime<never>())
  const now = () => clock.unsafeCurrentTimeMillis()
  const alarms: Array<Alarm> = []
  let sleeper: Fiber.RuntimeFiber<void> | null = null
  let wakesAt = Number.POSITIVE_INFINITY

  /** The last takes the place of the one that goes. */
  const clear = (alarm: Alarm): void => {
    if (alarms[alarm.position] !== alarm) return
    const last = alarms.pop()
    if (last === undefined || last === alarm) return
    last.position = alarm.position
    alarms[alarm.position] = last
  }

  const sleepUntil = (at: number): void => {
    sleeper?.unsafeInterruptAsFork(FiberId.none)
    wakesAt = at
    sleeper = runFork(
      Effect.zipRight(clock.sleep(Duration.millis(Math.min(longestSleep, Math.max(1, at - now())))), Effect.sync(look))
    )
  }

  const look = (): void => {
    const time = now()
    sleeper = null
    wakesAt = Number.POSITIVE_INFINITY
    const due = alarms.filter((alarm) => alarm.at <= time)
    for (const alarm of due) clear(alarm)
    let earliest = Number.POSITIVE_INFINITY
    for (const { at } of alarms) earliest = Math.min(earliest, at)
    if (earliest < Number.POSITIVE_INFINITY) sleepUntil(earliest)
    for (const alarm of due) alarm.ring()
  }

  yield* Effect.addFinalizer(() => (sleeper === null ? Effect.void : Fiber.interrupt(sleeper)))
  const watchdog: Watchdog = {
    now,
    set: (at, ring) => {
      const alarm: Alarm = { at, ring, position: alarms.length }
      alarms.push(alarm)
      if (at < wakesAt) sleepUntil(at)
      return alarm
    },
    move: (alarm, at) => {
      alarm.at = at
      if (at < wakesAt && alarms[alarm.position] === alarm) sleepUntil(at)
    },
    clear
  }
  return watchdog
})
