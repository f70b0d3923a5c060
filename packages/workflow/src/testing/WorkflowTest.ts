/** The `tests:` of a workflow file: each runs the file's steps on mocks, and holds what comes out to what is expected. */
import type { RunStatus } from "@penstock/schema/Run"
import * as Effect from "effect/Effect"
import type { Workflow } from "../document/Workflow.ts"
import type { Sources } from "../runtime/Definitions.ts"
import * as Run from "../runtime/Run.ts"
import { StandIns } from "../runtime/StandIns.ts"
import * as Differences from "./Differences.ts"
import * as Mocks from "./Mocks.ts"

export interface TestCase {
  /** Its place in the file's list, from 0. */
  readonly index: number
  readonly name: string
  readonly input: unknown
  readonly mocks: Mocks.Mocks
  /** Null where the test only says that the run succeeds. */
  readonly expect: { readonly output: unknown } | null
}

export interface TestResult {
  readonly test: TestCase
  /** Null where there was no run. */
  readonly status: RunStatus | null
  readonly output: unknown
  /** Why it failed, apart from the differences; for a person. */
  readonly problems: ReadonlyArray<string>
  readonly differences: ReadonlyArray<Differences.Difference>
}

export const passed = ({ differences, problems }: TestResult): boolean =>
  problems.length === 0 && differences.length === 0

export const testsOf = ({ tests = [] }: Workflow): ReadonlyArray<TestCase> =>
  tests.map(({ expect, input, mocks, name }, index) => ({
    index,
    name: name ?? `test ${index + 1}`,
    input: input ?? {},
    mocks: mocks ?? {},
    expect: expect === undefined ? null : { output: expect }
  }))

/** `sources`: the workflows that this one may call. */
export const run = Effect.fn("WorkflowTest.run")(function* (source: string, test: TestCase, sources: Sources) {
  const problems = new Set<string>()
  const standIns = Mocks.standIns(test.mocks, (problem) => problems.add(problem))
  const ended = yield* Run.run(source, test.input, { sources }).pipe(
    Effect.provideService(StandIns, standIns),
    Effect.catchTag("RunsError", ({ message }) => {
      problems.add(message)
      return Effect.succeed(null)
    })
  )
  const error = ended?.error ?? null
  if (problems.size === 0 && ended !== null && ended.status !== "succeeded") {
    const because = error === null ? "" : ` at "${error.step}" (${error.reason}): ${error.message}`
    problems.add(`the run ${ended.status}${because}`)
  }
  const output = ended?.output ?? null
  const result: TestResult = {
    test,
    status: ended?.status ?? null,
    output,
    problems: [...problems],
    differences: problems.size > 0 || test.expect === null ? [] : Differences.between(test.expect.output, output)
  }
  return result
})
