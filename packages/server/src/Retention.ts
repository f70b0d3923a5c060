/** Deletes what is older than it is to be kept, once an hour: requests, whose sums stay, and runs that have ended. */
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { Settings } from "@penstock/gateway/Settings"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const pruneRequests = Effect.gen(function* () {
  const ledger = yield* Ledger
  const settings = yield* Settings
  const now = yield* Clock.currentTimeMillis
  const deleted = yield* ledger.prune(now - settings.current().logging.retention)
  if (deleted > 0) yield* Effect.logInfo(`Deleted ${deleted} requests older than logging.retention`)
}).pipe(
  Effect.catchAll((error) => Effect.logWarning("Old requests could not be deleted; the next try is in an hour", error))
)

const pruneRuns = Effect.gen(function* () {
  const store = yield* RunStore
  const settings = yield* Settings
  const now = yield* Clock.currentTimeMillis
  const deleted = yield* store.prune(now - settings.current().runs.retention)
  if (deleted > 0) yield* Effect.logInfo(`Deleted ${deleted} runs that ended before runs.retention`)
}).pipe(
  Effect.catchAllDefect((defect) =>
    Effect.logWarning("Old runs could not be deleted; the next try is in an hour", defect)
  )
)

/** Runs for as long as the scope lives. */
export const run = Effect.zipRight(pruneRequests, pruneRuns).pipe(
  Effect.repeat(Schedule.spaced("1 hour")),
  Effect.forkScoped
)
