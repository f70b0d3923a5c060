/**
 * Everything that can be told about a workflow before it runs, all at once and in the order of the file. Pure: the
 * command line, the server and the editor give it the same text and catalogues and get the same answer.
 */
import { formatUsd, fromUsd } from "@penstock/schema/Money"
import * as Cron from "effect/Cron"
import * as Either from "effect/Either"
import * as Diagnostic from "../diagnostic/Diagnostic.ts"
import { suggest } from "../diagnostic/Suggestion.ts"
import { decode } from "../document/Decode.ts"
import type { Budget } from "../document/Fields.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { DataTemplate } from "../expression/DataTemplate.ts"
import type { Path } from "../parser/Node.ts"
import * as Parser from "../parser/Parser.ts"
import { fromSchema } from "../types/FromSchema.ts"
import { bounded } from "../types/Bounded.ts"
import * as Shape from "../types/Shape.ts"
import * as Type from "../types/Type.ts"
import { allSteps } from "./Blocks.ts"
import type { Catalogues } from "./Catalogues.ts"
import { reportShape } from "./CheckKinds.ts"
import { checkBlock, checkCycles } from "./CheckSteps.ts"
import { checkData, lintPlainNames } from "./CheckText.ts"
import * as Cost from "./Cost.ts"
import * as Models from "./Models.ts"
import * as Names from "./Names.ts"
import * as Reporter from "./Reporter.ts"
import * as Schedule from "./Schedule.ts"
import { Scope } from "./Scope.ts"
import * as Texts from "./Texts.ts"
import type { Walk } from "./Walk.ts"

export interface Options extends Catalogues {
  /** The name that diagnostics carry. */
  readonly file?: string
}

export interface Checked {
  /** In the order of the file. */
  readonly diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
  /** Present unless the file's syntax or shape is too wrong to be read. */
  readonly document?: Workflow
  /** What a run gives; present together with the document. */
  readonly outputType?: Type.Type
  /** What a run takes; `Any` where the file does not say. */
  readonly inputType?: Type.Type
}

/** Checks a text, or the bytes of one. */
export const check = (source: string | Uint8Array, options: Options = {}): Checked => {
  const parsed = Parser.parse(source, options.file === undefined ? {} : { file: options.file })
  if (parsed.root === null) return { diagnostics: parsed.diagnostics }
  const { diagnostics, document, unknownKeys } = decode(parsed.root, parsed.file)
  if (document === null) return { diagnostics: Diagnostic.sort(diagnostics) }
  const reporter = Reporter.make(parsed)
  const names = Names.collect(document, reporter, options.secrets ?? null)
  const walk: Walk = { parsed, names, reporter, unknownKeys, workflow: document, catalogues: options }
  const inputType = document.inputs === undefined ? Type.any : fromSchema(Shape.read(document.inputs).schema)
  if (document.inputs !== undefined) reportShape(document.inputs, ["inputs"], walk)
  Models.checkAliases(document, options.models, reporter)
  const outputType = checkBody(document, Scope.root(inputType), walk)
  checkBudgets(walk)
  checkTriggers(walk)
  checkTests(walk)
  return {
    diagnostics: Diagnostic.sort([...diagnostics, ...reporter.diagnostics()]),
    document,
    inputType,
    outputType
  }
}

/** The schedule of the top level; inner blocks run as listed. */
export const scheduleOf = ({ schedule, steps }: Workflow): Schedule.Schedule =>
  schedule === "auto" ? Schedule.automatic(steps) : Schedule.sequential(steps)

/** The type of the workflow's output. */
const checkBody = (workflow: Workflow, scope: Scope, walk: Walk): Type.Type => {
  const schedule = scheduleOf(workflow)
  checkCycles(schedule, workflow.steps, ["steps"], scope, walk)
  checkBlock(workflow.steps, ["steps"], scope, walk, schedule)
  for (const name of ["catch", "finally"] as const) {
    const steps = workflow[name]
    if (steps === undefined) continue
    // Which steps ran is not known here; `error` is, where there was one.
    const seen = scope.enter(null, name === "catch" ? { error: Type.any } : {})
    checkBlock(steps, [name], seen, walk, Schedule.sequential(steps))
  }
  return checkOutput(workflow, scope, walk)
}

const checkOutput = ({ output, steps }: Workflow, scope: Scope, walk: Walk): Type.Type => {
  const { reporter } = walk
  if (output === undefined) {
    const last = steps.at(-1)?.output
    const hint = last === undefined ? "give the last step an output, and name it here" : `write output: ${last}`
    reporter.report("PS210", [], 'the workflow has no "output"', hint)
    return Type.any
  }
  const path: Path = ["output"]
  let readable = true
  const data: DataTemplate = Texts.ofOutput(output, ({ path: where, value }) => {
    readable = false
    reporter.reportProblem(where, value)
  })
  if (readable && data._tag === "Constant") {
    const hint = "write a variable's name, or ${\u2026}"
    reporter.report("PS210", path, "the output is the same text for every run", hint)
  }
  lintPlainNames(data, path, scope, reporter)
  const fields = data._tag === "Object" ? [...data.fields] : []
  if (fields.length === 0) return checkResult(data, path, scope, walk)
  const types = fields.map(([name, field]) => {
    const type = checkResult(field, [...path, name], scope, walk)
    return [name, { type, optional: false }] as const
  })
  return { _tag: "Object", fields: new Map(types), rest: null }
}

/** A part of the output that comes from a step that was skipped is null. */
const checkResult = (data: DataTemplate, path: Path, scope: Scope, walk: Walk): Type.Type => {
  const { maySkip, type: given } = checkData(data, path, scope, false, walk)
  const type = bounded(given)
  if (maySkip === null) return Type.widen(type)
  walk.reporter.report("PS306", path, `the output may be null, because "${maySkip}" may be skipped`)
  return Type.nullable(Type.widen(type))
}

const checkBudgets = ({ catalogues, reporter, workflow }: Walk): void => {
  const hold = (budget: Budget | undefined, cost: Cost.Cost, path: Path) => {
    if (budget?.usd === undefined) return
    const where = [...path, "budget", "usd"]
    if (cost.worst === null) {
      if (catalogues.models === undefined) return
      const hint = "set prices, max_tokens and bounds, or go without: the budget stops a run when it is spent"
      reporter.report("PS402", where, "the worst case has no known price", hint)
    } else if (cost.worst > fromUsd(budget.usd)) {
      const message = `the worst case costs ${formatUsd(cost.worst)} USD, more than the budget of ${budget.usd}`
      reporter.report(
        "PS404",
        where,
        message,
        "lower max_tokens, retries or rounds; a run stops when the budget is spent"
      )
    }
  }
  const context = { workflow, catalogues }
  hold(workflow.budget, workflow.budget?.usd === undefined ? noCost : Cost.ofWorkflow(context), [])
  for (const { path, step } of allSteps(workflow)) {
    if (step.budget?.usd !== undefined) hold(step.budget, Cost.ofStep(step, context), path)
  }
}

const checkTriggers = ({ reporter, workflow }: Walk): void => {
  workflow.on?.forEach((trigger, at) => {
    if (!("cron" in trigger) || Either.isRight(Cron.parse(trigger.cron))) return
    const hint = "five fields: minute, hour, day, month and weekday, as in 0 7 * * 1-5"
    reporter.report("PS113", ["on", at, "cron"], `"${trigger.cron}" is no time table`, hint)
  })
}

const checkTests = ({ names, reporter, workflow }: Walk): void => {
  workflow.tests?.forEach(({ mocks }, at) => {
    for (const id of Object.keys(mocks ?? {})) {
      if (names.byId.has(id)) continue
      const hint = suggest(id, [...names.byId.keys()], "steps are")
      reporter.report("PS201", ["tests", at, "mocks", id], `there is no step "${id}"`, hint, "key")
    }
  })
}

const noCost: Cost.Cost = { worst: null, expected: null }
