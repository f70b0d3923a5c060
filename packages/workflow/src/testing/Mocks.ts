/** A test's mocks as what stands in for steps: nothing outside is reached, and nothing is waited for. */
import * as Effect from "effect/Effect"
import { isReadonlyRecord } from "effect/Predicate"
import type { PlanStep } from "../compiler/Plan.ts"
import type { Outcome } from "../runtime/RunRecord.ts"
import * as StandIns from "../runtime/StandIns.ts"
import type { JsonSchema } from "../types/Shape.ts"
import * as Validate from "../types/Validate.ts"

export interface Mocks {
  readonly [step: string]: unknown
}

/** What the step's own schema says of its mock: one that no model could have given proves nothing. */
const schemaOf = ({ action }: PlanStep): JsonSchema | null =>
  action.type === "llm" || action.type === "agent" ? action.outputSchema : null

const violationsOf = (schema: JsonSchema | null, value: unknown): ReadonlyArray<string> =>
  schema === null
    ? []
    : Validate.compile(schema)(value).map(({ message, path }) => (path === "" ? message : `${path}: ${message}`))

const failure = (step: PlanStep, reason: string, message: string): Outcome =>
  StandIns.failed({ step: step.id, reason, message, attempt: 1 })

/** The mock of an approval is what the person sent. */
const approval = (step: PlanStep, answer: unknown, form: JsonSchema | null, told: (problem: string) => void) => {
  const { approved, ...fields } = isReadonlyRecord(answer) ? answer : { approved: answer }
  if (approved !== true) return failure(step, "rejected", `"${step.id}" was rejected`)
  const violations = violationsOf(form, fields)
  if (violations.length > 0) told(`the mock of "${step.id}" is not what its form asks for: ${violations.join("; ")}`)
  return StandIns.gave({ ...fields, approved })
}

/** `told` hears what is wrong with the mocks themselves: such a test fails, whatever comes of its run. */
export const standIns = (mocks: Mocks, told: (problem: string) => void): StandIns.Service => {
  const mocked = (step: PlanStep, value: unknown): Outcome => {
    if (step.action.type === "approve") return approval(step, value, step.action.formSchema, told)
    const violations = violationsOf(schemaOf(step), value)
    if (violations.length > 0) {
      told(`the mock of "${step.id}" is not what its output_schema asks for: ${violations.join("; ")}`)
    }
    return StandIns.gave(value)
  }
  const missing = ({ depth, step }: StandIns.Place): Outcome => {
    const advice =
      depth === 0
        ? `add \`${step.id}\` to the test's mocks`
        : "it belongs to a workflow that this one calls: mock the step that calls it"
    told(`"${step.id}" (${step.action.type}) has no mock; ${advice}`)
    return failure(step, "failed", `"${step.id}" has no mock`)
  }
  return {
    run: null,
    standIn: (place) => {
      const { depth, step } = place
      // The steps of a workflow that is called may have the same ids.
      if (depth === 0 && Object.hasOwn(mocks, step.id)) return Effect.sync(() => mocked(step, mocks[step.id]))
      if (step.mock !== undefined) return Effect.sync(() => mocked(step, step.mock))
      switch (step.action.type) {
        case "llm":
        case "agent":
        case "mcp_tool":
        case "http":
        case "approve":
          return Effect.sync(() => missing(place))
        case "wait":
          if (step.action.until !== null) return null
          return Effect.sync(() =>
            step.action.type === "wait" && step.action.event === null ? StandIns.gave(null) : missing(place)
          )
        default:
          return null
      }
    }
  }
}
