/** What may be said to a run, by name, and whether what is said holds. Told before anything is delivered. */
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import { isObject } from "@penstock/gateway/wire/Json"
import { didYouMean } from "@penstock/schema/Suggestion"
import { allSteps, type PlanStep } from "@penstock/workflow/compiler/Plan"
import type { StepRecord } from "@penstock/workflow/runtime/RunRecord"
import type { Definition } from "@penstock/workflow/runtime/World"
import * as Validate from "@penstock/workflow/types/Validate"

/** The steps of a workflow and of those that it calls. */
const stepsOf = ({ calls, plan }: Definition): ReadonlyArray<PlanStep> => [
  ...allSteps(plan),
  ...[...calls.values()].flatMap(stepsOf)
]

/** The names that a step may be answered by. */
const nameOf = ({ action, id }: PlanStep): string | null => {
  if (action.type === "approve") return id
  return action.type === "wait" ? action.event : null
}

/** `steps/each/steps[2]/ask~2` is the third round's `ask`, asked again. */
const lastOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1).replace(/~\d+$/, "")

const ended = ({ endedAt }: StepRecord): boolean => endedAt !== null

const checkForm = ({ action, id }: PlanStep, body: unknown): GatewayError | null => {
  if (action.type !== "approve") return null
  const wrong = (message: string, param: string) => make("unprocessable", message, { param, code: "invalid_form" })
  if (!isObject(body) || typeof body["approved"] !== "boolean") {
    return wrong(`The step ${id} takes {"approved": true}, or false, and the fields of its form beside it.`, "approved")
  }
  const { approved, ...form } = body
  // Whoever says no has nothing to fill in.
  if (!approved || action.formSchema === null) return null
  const violations = Validate.compile(action.formSchema)(form)
  const [first] = violations
  if (first === undefined) return null
  const told = violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
  return wrong(`The form of the step ${id} does not hold: ${told}.`, first.path)
}

const stepsFor = (definition: Definition, name: string): ReadonlyArray<PlanStep> =>
  stepsOf(definition).filter((step) => nameOf(step) === lastOf(name))

/** Why nobody can answer under this name, or not any more; null where somebody can. */
export const unanswerable = (
  definition: Definition,
  records: ReadonlyArray<StepRecord>,
  name: string
): GatewayError | null => {
  const meant = stepsFor(definition, name)
  if (meant.length === 0) {
    const names = [...new Set(stepsOf(definition).flatMap((step) => nameOf(step) ?? []))]
    const hint =
      didYouMean(name, names) ??
      (names.length === 0 ? "it waits for nothing of the kind" : `it may wait for ${names.join(", ")}`)
    return make(
      "not_found",
      `No step of ${definition.plan.name} waits for ${JSON.stringify(name.slice(0, 200))}: ${hint}`
    )
  }
  const ids = new Set(meant.map(({ id }) => id))
  const begun = records.filter(({ id, path }) => path === name || (!name.includes("/") && ids.has(id)))
  return begun.length > 0 && begun.every(ended)
    ? make("conflict", `The run had its answer to ${JSON.stringify(name)} before, or went on without it.`, {
        code: "already_answered"
      })
    : null
}

/** Why a signal is refused; null for one that may be delivered. */
export const refusal = (
  definition: Definition,
  records: ReadonlyArray<StepRecord>,
  name: string,
  body: unknown
): GatewayError | null => {
  const refused = unanswerable(definition, records, name)
  if (refused !== null) return refused
  for (const step of stepsFor(definition, name)) {
    const wrong = checkForm(step, body)
    if (wrong !== null) return wrong
  }
  return null
}
