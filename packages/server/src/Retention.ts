/** Deletes old requests from the ledger, once an hour; their sums stay. */
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { Settings } from "@penstock/gateway/Settings"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const prune = Effect.gen(function* () {
  const ledger = yield* Ledger
  const settings = yield* Settings
  const now = yield* Clock.currentTimeMillis
  const deleted = yield* ledger.prune(now - settings.current().logging.retention)
  if (deleted > 0) yield* Effect.logInfo(`Deleted ${deleted} requests older than logging.retention`)
})

/** Runs for as long as the scope lives. */
export const run = prune.pipe(
  Effect.catchAll((error) => Effect.logWarning("Old requests could not be deleted; the next try is in an hour", error)),
  Effect.repeat(Schedule.spaced("1 hour")),
  Effect.forkScoped
)
