/**
 * Starts workflows by the events that their files name (`on: [{event: …}]`) when an `emit` step of another run sends one.
 * The event's data is the input. Each start has a key made of the emission, so that a run that is replayed, and sends its
 * events again, starts nothing twice, and what a crash left unstarted is started then.
 */
import { type Emission, Feed } from "@penstock/workflow/runtime/Feed"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Starting from "./Starting.ts"

/** Runs that one run leads to, one started by the other: what goes on longer is a circle. */
const longestChain = 16

/** Of how many runs it is kept how long their chain is. */
const remembered = 10_000

/** Runs for as long as the scope lives. */
export const run = Effect.gen(function* () {
  const sources: Starting.Sources = { workflows: yield* Workflows, runs: yield* Runs }
  const emissions = yield* (yield* Feed).emissions
  const chains = new Map<string, number>()

  const remember = (runId: string, length: number): void => {
    chains.set(runId, length)
    const [oldest] = chains.keys()
    if (chains.size > remembered && oldest !== undefined) chains.delete(oldest)
  }

  const startBy = Effect.fnUntraced(function* ({ caller, data, event, path, runId }: Emission, name: string) {
    const length = (chains.get(runId) ?? 0) + 1
    if (length > longestChain) {
      return yield* Effect.logWarning(
        `${name} was not started by the event ${event}: ${longestChain} runs before it were started one by the other`,
        { run_id: runId }
      )
    }
    const key = `event ${runId} ${path}`
    const { id } = yield* Starting.start(sources, { name, input: data, caller, key })
    remember(id, length)
    yield* Effect.logInfo(`Started ${name} by the event ${event}`, { run_id: id })
  })

  const start = Effect.fnUntraced(function* (emission: Emission) {
    const { event, workflow } = emission
    for (const { name, plan, triggers } of yield* sources.workflows.list) {
      // One that starts itself would never end.
      if (plan === null || name === workflow) continue
      if (!triggers.some((trigger) => "event" in trigger && trigger.event === event)) continue
      yield* Effect.catchTag(startBy(emission, name), "NotStarted", ({ error }) =>
        Effect.logWarning(`${name} was not started by the event ${event}: ${error.message}`)
      )
    }
  })

  const next = Effect.flatMap(Queue.take(emissions), (emission) =>
    Effect.catchAllCause(start(emission), (cause) => Effect.logError("An event could not be followed", cause))
  )
  yield* Effect.forkScoped(Effect.forever(next))
})
