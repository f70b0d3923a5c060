/** Draws a run's progress on a terminal's stderr, and takes itself back when it ends. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Progress from "./Progress.ts"
import type { Session, SessionEvent } from "./Session.ts"

export interface Screen {
  readonly event: (runId: string, event: SessionEvent) => Effect.Effect<void>
  /** Has the terminal to itself, to ask something. */
  readonly aside: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Where nobody looks: programs read what is printed at the end. */
export const none: Screen = { event: () => Effect.void, aside: (work) => work }

const ended = new Set(["step.finished", "step.failed"])

interface Drawable {
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** Lives as long as the scope. */
export const make = Effect.fnUntraced(function* (session: Pick<Session, "state">, terminal: Drawable) {
  let progress = Progress.empty
  let drawn = 0
  let frame = 0
  let quiet = false
  const width = () => Math.max(20, terminal.columns ?? 80)
  const erase = () => {
    if (drawn > 0) terminal.write(`\u001b[${drawn}A\u001b[J`)
    drawn = 0
  }
  const draw = Effect.map(Clock.currentTimeMillis, (now) => {
    if (quiet) return
    const lines = Progress.liveLines(progress, now, frame++, width())
    erase()
    terminal.write(lines.map((line) => `${line}\n`).join(""))
    drawn = lines.length
  })
  yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("100 millis")))
  yield* Effect.addFinalizer(() => Effect.sync(erase))

  const screen: Screen = {
    event: Effect.fnUntraced(function* (runId, event) {
      progress = Progress.apply(progress, event, yield* Clock.currentTimeMillis)
      const row = event.path === null ? undefined : progress.rows.get(event.path)
      if (!ended.has(event.type) || row === undefined) return
      erase()
      terminal.write(`${Progress.endedLine(row, width())}\n`)
      // The cost comes from the records; one that cannot be read now is read with the next step.
      const state = yield* Effect.option(session.state(runId))
      if (state._tag === "Some") progress = Progress.spent(progress, state.value)
    }),
    aside: (work) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          quiet = true
          erase()
        }),
        () => work,
        () =>
          Effect.sync(() => {
            quiet = false
          })
      )
  }
  return screen
})
