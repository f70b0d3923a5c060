/** Executes a kept run's plan again: on what was recorded, or from one of its steps on for real. */
import type { RunStatus } from "@penstock/schema/Run"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Engine from "../runtime/Engine.ts"
import { addSpent, nothingSpent, type RunRecord, type Spent, type StepRecord } from "../runtime/RunRecord.ts"
import { Runs } from "../runtime/Runs.ts"
import { StandIns } from "../runtime/StandIns.ts"
import * as Differences from "./Differences.ts"
import * as Recording from "./Recording.ts"

export interface StepReplay {
  readonly path: string
  readonly type: string
  /** Null for one that was not there, or is not now. */
  readonly recorded: RunStatus | StepRecord["status"] | null
  readonly replayed: RunStatus | StepRecord["status"] | null
  readonly differences: ReadonlyArray<Differences.Difference>
}

export interface Replay {
  readonly recorded: RunRecord
  readonly replayed: RunRecord
  /** Of `{status, output, error}`. */
  readonly differences: ReadonlyArray<Differences.Difference>
  /** Steps that came out otherwise, and those that only one of the two has. */
  readonly steps: ReadonlyArray<StepReplay>
  /** Steps that were reached now and not then. */
  readonly diverged: ReadonlyArray<string>
  /** What all steps used then, and what they would have used now: those that were not run again count as recorded. */
  readonly spent: { readonly recorded: Spent; readonly replayed: Spent }
}

export const agrees = ({ differences, diverged }: Replay): boolean => differences.length === 0 && diverged.length === 0

const sum = (steps: ReadonlyArray<StepRecord>): Spent =>
  steps.reduce((total, { spent }) => addSpent(total, spent), nothingSpent)

const comparable = ({ error, output, status }: RunRecord | StepRecord): unknown => ({ status, output, error })

const stepReplays = (
  recorded: ReadonlyArray<StepRecord>,
  replayed: ReadonlyArray<StepRecord>
): ReadonlyArray<StepReplay> => {
  const now = new Map(replayed.map((step) => [step.path, step]))
  // What is inside of a step that stood in as a whole is not there now, and is no difference.
  const stoodIn = ({ path }: StepRecord): boolean =>
    !now.has(path) && replayed.some((step) => Recording.isWithin(path, step.path))
  const then = new Map(recorded.flatMap((step) => (stoodIn(step) ? [] : [[step.path, step]])))
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((path) => {
    const [one, other] = [then.get(path), now.get(path)]
    const differences =
      one === undefined || other === undefined ? [] : Differences.between(comparable(one), comparable(other))
    if (one !== undefined && other !== undefined && differences.length === 0) return []
    return {
      path,
      type: one?.type ?? other?.type ?? "",
      recorded: one?.status ?? null,
      replayed: other?.status ?? null,
      differences
    }
  })
}

/** `from`: the place in the recording's steps of the first one that is run again; null runs none, and costs nothing. */
export const replay = Effect.fn("Replay.replay")(function* (recording: Recording.Recording, from: number | null) {
  const diverged = new Set<string>()
  const standIns = Recording.standIns(recording, { from, diverged: (path) => diverged.add(path) })
  const executed = Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(recording.source, recording.run.input, { sources: recording.sources })
    // Recorded outcomes take no time. What is not over by then waits for something that was cut short in the recording.
    yield* from === null ? Effect.timeoutOption(runs.await(id), "1 minute") : runs.await(id)
    return { run: yield* runs.get(id), steps: yield* runs.steps(id) }
  })
  const { run, steps } = yield* executed.pipe(
    Effect.provide(Layer.fresh(Engine.layerMemory)),
    Effect.provideService(StandIns, standIns)
  )
  const result: Replay = {
    recorded: recording.run,
    replayed: run,
    differences: Differences.between(comparable(recording.run), comparable(run)),
    steps: stepReplays(recording.steps, steps),
    diverged: [...diverged],
    spent: { recorded: sum(recording.steps), replayed: sum(steps) }
  }
  return result
})
