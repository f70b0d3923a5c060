/**
 * Starts workflows at the times that their files give (`on: [{cron: …}]`, in UTC). Each start has a key made of its
 * time, so that a process that starts again within the minute, or a clock that is set back, starts nothing twice.
 */
import { Runs } from "@penstock/workflow/runtime/Runs"
import { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Clock from "effect/Clock"
import * as Cron from "effect/Cron"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Starting from "./Starting.ts"

/** How far back a process looks when it starts: a restart takes less. */
const lookBackMillis = 60_000

/** The last of its times behind `after` and up to `until`; null where there is none. Milliseconds since the epoch. */
export const due = (expression: string, after: number, until: number): number | null => {
  const cron = Cron.parse(expression, "UTC")
  // The checker has told what is wrong with it.
  if (Either.isLeft(cron)) return null
  let last: number | null = null
  // A cron has no times closer than a second, and a late tick starts one run and not many.
  for (const time of Cron.sequence(cron.right, new Date(after))) {
    if (time.getTime() > until) break
    last = time.getTime()
  }
  return last
}

const startDue = Effect.fnUntraced(function* (sources: Starting.Sources, after: number, until: number) {
  for (const { name, plan, triggers } of yield* sources.workflows.list) {
    if (plan === null) continue
    for (const trigger of triggers) {
      const time = "cron" in trigger ? due(trigger.cron, after, until) : null
      if (time === null) continue
      const key = `cron ${new Date(time).toISOString()}`
      yield* Starting.start(sources, { name, input: {}, caller: null, key }).pipe(
        Effect.flatMap(({ id }) => Effect.logInfo(`Started ${name} by its time table`, { run_id: id })),
        Effect.catchTag("NotStarted", ({ error }) =>
          Effect.logWarning(`${name} was not started by its time table: ${error.message}`)
        )
      )
    }
  }
})

/** Runs for as long as the scope lives. */
export const run = Effect.gen(function* () {
  const sources: Starting.Sources = { workflows: yield* Workflows, runs: yield* Runs }
  let seen = (yield* Clock.currentTimeMillis) - lookBackMillis
  const tick = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const after = seen
    seen = Math.max(seen, now)
    yield* startDue(sources, after, now)
  }).pipe(Effect.catchAllCause((cause) => Effect.logError("A time table could not be followed", cause)))
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(tick, Effect.sleep("1 second"))))
})
