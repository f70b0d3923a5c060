/** A run that was kept, as what stands in for its steps when its plan is executed again. */
import type { PlanStep } from "../compiler/Plan.ts"
import type { Sources } from "../runtime/Definitions.ts"
import { addSpent, type Outcome, type RunRecord, type Spent, type StepRecord } from "../runtime/RunRecord.ts"
import * as StandIns from "../runtime/StandIns.ts"
import type { Service as Store } from "../runtime/store/RunStore.ts"
import * as Effect from "effect/Effect"

export interface Recording {
  readonly run: RunRecord
  /** In the order in which they began. */
  readonly steps: ReadonlyArray<StepRecord>
  /** The text that it ran, and those that it called, whatever has become of the files. */
  readonly source: string
  readonly sources: Sources
}

/** Null where there is no such run. */
export const read = Effect.fn("Recording.read")(function* (store: Store, id: string) {
  const run = yield* store.run(id)
  if (run === null) return null
  const texts = new Map<string, string>()
  const collect = (hash: string): Effect.Effect<string> =>
    Effect.gen(function* () {
      const definition = yield* store.definition(hash)
      if (definition === null) return yield* Effect.dieMessage(`the definition ${hash} is not there`)
      for (const [name, callee] of Object.entries(definition.calls)) {
        if (!texts.has(name)) texts.set(name, yield* collect(callee))
      }
      return definition.source
    })
  const source = yield* collect(run.definitionHash)
  const recording: Recording = {
    run,
    steps: yield* store.steps(id),
    source,
    sources: (name) => texts.get(name) ?? null
  }
  return recording
})

/**
 * What stands in as a whole: further attempts at asking somebody, turns of a conversation, branches of a race. They are
 * put down as steps of their own.
 */
export const isWithin = (path: string, owner: string): boolean =>
  path.startsWith(owner) && /^~\d+$|^(?:~\d+)?\/(?:turns\[|branches\.)/.test(path.slice(owner.length))

const spentOn = ({ steps }: Recording, { path, spent }: StepRecord): Spent =>
  steps.filter((step) => isWithin(step.path, path)).reduce((sum, inner) => addSpent(sum, inner.spent), spent)

/** The first record of a step, by its id or its path; -1 where it did not begin. */
export const placeOf = ({ steps }: Recording, step: string): number =>
  steps.findIndex(({ id, path, type }) => type !== "turn" && (path === step || id === step))

const outcomeOf = (recording: Recording, record: StepRecord): Effect.Effect<Outcome> => {
  const { attempts, cache, error, output, status } = record
  // Another step's end cut it short: it never came to anything, and does not now.
  if (record.endedAt === null || (status === "cancelled" && error === null)) return Effect.never
  return Effect.succeed({
    output: error === null ? output : null,
    outputHash: null,
    error,
    spent: spentOn(recording, record),
    attempts,
    cache
  })
}

/** What a step gives that reaches out, waits, or is a race: that cannot be found out by executing it again. */
const isRecorded = ({ action, mock }: PlanStep): boolean => {
  switch (action.type) {
    case "llm":
    case "agent":
    case "mcp_tool":
    case "http":
    case "approve":
    case "wait":
      return true
    case "parallel":
      return action.join === "any" || mock !== undefined
    default:
      return mock !== undefined
  }
}

const isAnswer = ({ action }: PlanStep): boolean => action.type === "approve" || action.type === "wait"

export interface Options {
  /** The place in `steps` of the first one that is run again; null to run none. Answers of people are kept. */
  readonly from: number | null
  /** Hears of each step that is reached now and was not then. */
  readonly diverged: (path: string) => void
}

export const standIns = (recording: Recording, { diverged, from }: Options): StandIns.Service => {
  const { run, steps } = recording
  const byPath = new Map(steps.map((step, at) => [step.path, { step, at }]))
  return {
    run: { id: run.id, started_at: new Date(run.startedAt ?? run.createdAt).toISOString() },
    standIn: ({ path, step }) => {
      if (!isRecorded(step)) return null
      const found = byPath.get(path)
      const isAgain = from !== null && (found === undefined || found.at >= from) && !isAnswer(step)
      if (isAgain) return null
      if (found !== undefined && found.step.status !== "skipped") return outcomeOf(recording, found.step)
      return Effect.sync(() => {
        diverged(path)
        const message = `"${step.id}" was not reached in the run that is replayed`
        return StandIns.failed({ step: step.id, reason: "failed", message, attempt: 0 })
      })
    }
  }
}
