/** From a workflow's name to a run of it: what every way to start one has in common. */
import type { Caller } from "@penstock/schema/api/Caller"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import { nearest } from "@penstock/schema/Suggestion"
import type { Trace } from "@penstock/schema/Trace"
import { stemOf } from "@penstock/workflow/compiler/Collection"
import { isError } from "@penstock/workflow/diagnostic/Diagnostic"
import type { Service as Runs } from "@penstock/workflow/runtime/Runs"
import type { Service as Workflows, Workflow } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import { NotStarted, ofRun, ofRunsError } from "./RunFailure.ts"

export interface Sources {
  readonly workflows: Workflows
  readonly runs: Runs
}

export interface Ask {
  readonly name: string
  readonly input: unknown
  readonly caller: Caller | null
  /** A second start with the same key and input is the first run. */
  readonly key: string | null
  /** The trace that it is to be in; absent where the caller told of none. */
  readonly trace?: Trace | undefined
}

const refuse = (error: NotStarted["error"], diagnostics: NotStarted["diagnostics"] = []) =>
  Effect.fail(new NotStarted({ error, diagnostics }))

/** The workflow of a name, or what to say of its absence. */
export const find = Effect.fnUntraced(function* (workflows: Workflows, name: string) {
  const found = yield* workflows.find(name)
  if (found !== null) return found
  const names = (yield* workflows.list).map((workflow) => workflow.name)
  const meant = nearest(name, names)
  const hint =
    meant !== null
      ? `Did you mean ${meant}?`
      : names.length === 0
        ? "The folder of `workflows` in the configuration holds none."
        : `There are: ${names.slice(0, 20).join(", ")}.`
  return yield* make("not_found", `There is no workflow ${JSON.stringify(name.slice(0, 200))}. ${hint}`, {
    code: "workflow_not_found"
  })
})

/** Why a workflow whose file has errors cannot be run. */
export const invalid = ({ diagnostics, file, name }: Workflow): GatewayError => {
  const [first, ...others] = diagnostics.filter(isError)
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`
  const told =
    first === undefined ? "" : `: ${first.range.start.line}:${first.range.start.column} ${first.message}${more}`
  return make("unprocessable", `The workflow ${name} cannot be run until ${file} is mended${told}`, {
    code: "invalid_workflow"
  })
}

const isInFile =
  (name: string) =>
  ({ file }: Workflow): boolean =>
    stemOf(file) === name

export const start = Effect.fnUntraced(function* ({ runs, workflows }: Sources, ask: Ask) {
  const workflow = yield* Effect.catchAll(find(workflows, ask.name), (error) => refuse(error))
  if (workflow.plan === null) return yield* refuse(invalid(workflow), workflow.diagnostics)
  const stored = yield* workflows.list
  return yield* runs
    .start(workflow.source, ask.input, {
      sources: (name) => (stored.find((one) => one.name === name) ?? stored.find(isInFile(name)))?.source ?? null,
      ...(ask.caller === null ? {} : { caller: ask.caller }),
      ...(ask.key === null ? {} : { key: ask.key }),
      ...(ask.trace === undefined ? {} : { trace: ask.trace })
    })
    .pipe(Effect.catchAll((error) => refuse(ofRunsError(error))))
})

/** What became of a run, as a success or as the failure to tell. */
export const outcome = Effect.fnUntraced(function* (runs: Runs, id: string) {
  const run = yield* Effect.orDie(runs.await(id))
  if (run.status === "succeeded") return { run, error: null }
  const steps = yield* runs.steps(id)
  const isOwnWord = steps.some(
    ({ id, status, type }) => id === run.error?.step && type === "fail" && status === "failed"
  )
  return { run, error: ofRun(run, isOwnWord) }
})
