/** The walk over a file: each step in its scope, block by block, in the order in which they run. */
import * as Either from "effect/Either"
import { nearest } from "../diagnostic/Suggestion.ts"
import type { Step, StepList, StepOf } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import * as DataTemplate from "../expression/DataTemplate.ts"
import type { Path } from "../parser/Node.ts"
import { assignable } from "../types/Assignable.ts"
import { bounded } from "../types/Bounded.ts"
import * as Shape from "../types/Shape.ts"
import * as Type from "../types/Type.ts"
import { type Block, blocksOf } from "./Blocks.ts"
import type { Catalogues } from "./Catalogues.ts"
import { checkText, constantType, type Context } from "./CheckText.ts"
import { withPart } from "./Fallbacks.ts"
import * as Models from "./Models.ts"
import { failure, outputOf } from "./Outputs.ts"
import * as Schedule from "./Schedule.ts"
import type { Result, Scope } from "./Scope.ts"
import * as Texts from "./Texts.ts"
import * as Tools from "./Tools.ts"

export interface Walk extends Context {
  readonly workflow: Workflow
  readonly catalogues: Catalogues
  /** Keys that the decoder has told about already. */
  readonly unknownKeys: ReadonlyArray<Path>
}

/** What `loop` is, inside of one. */
const round: Type.Type = Type.struct({ index: Type.integer, previous: Type.any })

const nothing: Result = { type: Type.nothing, maySkip: null }

/** Checks the steps of a block and gives what its last step gives. */
export const checkBlock = (
  steps: StepList,
  path: Path,
  scope: Scope,
  walk: Walk,
  schedule: Schedule.Schedule
): Result => {
  const results: Array<Result> = []
  let ended: string | null = null
  for (const at of schedule.order) {
    const step = steps[at]
    if (step === undefined) continue
    if (ended !== null) {
      walk.reporter.report(
        "PS211",
        [...path, at, "id"],
        `"${step.id}" can never run`,
        `"${ended}" ends the run before it`
      )
      ended = null
    }
    const result = checkStep(step, [...path, at], scope, walk)
    checkNeeds(step, [...path, at], steps, walk)
    scope.define(step, result)
    results[at] = result
    if (step.type === "fail" && step.if === undefined && step.catch === undefined) ended = step.id
  }
  return results.at(-1) ?? nothing
}

/** Tells each circle once. Its steps count as run, so that it is not told again as names that come later. */
export const checkCycles = (
  schedule: Schedule.Schedule,
  steps: StepList,
  path: Path,
  scope: Scope,
  { reporter }: Walk
): void => {
  for (const cycle of schedule.cycles) {
    const [first = 0] = cycle
    const members = cycle.flatMap((at) => steps[at] ?? [])
    const way = [...members, ...members.slice(0, 1)].map(({ id }) => `"${id}"`).join(" waits for ")
    reporter.report("PS208", [...path, first, "id"], `these steps wait for each other: ${way}`)
    for (const step of members) scope.define(step, { type: Type.any, maySkip: null })
  }
}

const checkNeeds = (step: Step, path: Path, steps: StepList, { names, reporter, workflow }: Walk): void => {
  if (step.needs === undefined) return
  const here = steps.findIndex((other) => other.id === step.id)
  step.needs.forEach((id, at) => {
    const where = [...path, "needs", at]
    const there = steps.findIndex((other) => other.id === id)
    if (id === step.id) reporter.report("PS208", where, `"${id}" waits for itself`)
    else if (there < 0 && names.byId.has(id)) {
      reporter.report("PS207", where, `"${id}" is in another block`, "a step waits for steps of its own block")
    } else if (there < 0) {
      const hint = `its block has ${steps
        .map((other) => other.id)
        .slice(0, 8)
        .join(", ")}`
      reporter.report("PS207", where, `there is no step "${id}"`, hint)
    } else if (there > here && workflow.schedule !== "auto") {
      reporter.report("PS207", where, `"${id}" runs later`, "move it before this step, or set schedule: auto")
    }
  })
}

const checkStep = (step: Step, path: Path, scope: Scope, walk: Walk): Result => {
  const { catalogues, reporter } = walk
  if (reporter.isFull()) return { type: Type.any, maySkip: null }
  const texts = Texts.of(step, ({ path: where, value }) => reporter.reportProblem([...path, ...where], value))
  const types = new Map<string, Type.Type>()
  let maySkip: string | null = step.if === undefined ? null : step.id
  const check = (text: Texts.Text, seen: Scope) => {
    const result = checkText(text, path, seen, walk)
    types.set(text.path.join("."), result.type)
    if (text.scope === "outer") maySkip ??= result.maySkip
  }
  for (const text of texts) if (text.scope === "outer") check(text, scope)
  if (isAlways(texts, "if", false)) {
    reporter.report("PS211", [...path, "if"], `"${step.id}" can never run`, "its condition is always false")
  }

  const blocks = new Map<string, Type.Type>()
  let inner = scope
  for (const block of blocksOf(step)) {
    if (block.kind === "undo") continue
    const seen = scope.enter({ owner: step.id, label: block.label }, localsOf(step, block, types))
    const result = checkBlock(block.steps, [...path, ...block.at], seen, walk, Schedule.sequential(block.steps))
    blocks.set(block.label, result.maySkip === null ? result.type : Type.nullable(result.type))
    if (block.label === "steps") inner = seen
  }
  const late = texts.filter((text) => text.scope === "inner")
  if (late.length > 0) {
    // An agent's `stop_when` has a round and no block. A copy of the scope is not made without need: it is large.
    const after = inner === scope ? scope.enter(null, { loop: round }) : inner
    for (const text of late) check(text, after)
  }

  checkKind(step, path, types, walk)
  checkFallbacks(step, path, types, walk)
  const textType = (field: string) => Type.widen(types.get(field) ?? Type.any)
  const given = outputOf(step, { blocks, textType }, catalogues)
  checkStandIns(step, path, given, types, walk)
  const fallbacks = (step.fallback ?? []).flatMap((_, at) => types.get(`fallback.${at}.value`) ?? [])
  const caught = blocks.get("catch")
  const gives = Type.union([
    given,
    ...fallbacks.map(Type.widen),
    ...(caught === undefined ? [] : [caught]),
    ...(step.on_error === "continue" ? [Type.nothing] : [])
  ])
  const type = bounded(gives)

  for (const block of blocksOf(step)) {
    if (block.kind !== "undo") continue
    const seen = scope.enter({ owner: step.id, label: block.label })
    seen.define(step, { type, maySkip: null })
    checkBlock(block.steps, [...path, ...block.at], seen, walk, Schedule.sequential(block.steps))
  }
  return { type, maySkip }
}

/** What is given in place of the step's own output has to be like it. */
const checkStandIns = (
  step: Step,
  path: Path,
  given: Type.Type,
  types: ReadonlyMap<string, Type.Type>,
  { reporter }: Walk
): void => {
  const hold = (type: Type.Type, where: Path) => {
    if (type._tag === "Null" || assignable(type, given) !== "no") return
    reporter.report("PS301", where, `"${step.id}" gives ${Type.print(given)}, and this is ${Type.print(type)}`)
  }
  step.fallback?.forEach((_, at) => {
    const type = types.get(`fallback.${at}.value`)
    if (type !== undefined) hold(type, [...path, "fallback", at, "value"])
  })
  if (step.mock !== undefined) hold(constantType(step.mock), [...path, "mock"])
}

const localsOf = (
  step: Step,
  block: Block,
  types: ReadonlyMap<string, Type.Type>
): { readonly [name: string]: Type.Type } => {
  if (block.kind === "catch") return { error: failure }
  switch (step.type) {
    case "foreach": {
      const list = Type.withoutNull(types.get("in") ?? Type.any)
      return { [step.as ?? "item"]: list._tag === "List" ? Type.widen(list.item) : Type.any, index: Type.integer }
    }
    case "loop":
      return { loop: round }
    default:
      return {}
  }
}

/** Whether a condition has the same value whatever happens. */
const isAlways = (texts: ReadonlyArray<Texts.Text>, path: string, value: boolean): boolean => {
  const data = texts.find((text) => text.path.join(".") === path)?.data
  if (data === undefined) return false
  return Either.getOrNull(DataTemplate.evaluate(data, {})) === value
}

/** What only one kind of step has to be asked. */
const checkKind = (step: Step, path: Path, types: ReadonlyMap<string, Type.Type>, walk: Walk): void => {
  const { catalogues, reporter, workflow } = walk
  const shape = (field: "form" | "output_schema", value: unknown) => {
    if (value !== undefined) reportShape(value, [...path, field], walk)
  }
  switch (step.type) {
    case "llm":
      Models.check(step, path, workflow, catalogues.models, reporter)
      shape("output_schema", step.output_schema)
      Tools.checkToolNames(step.tools ?? [], [...path, "tools"], catalogues, reporter)
      checkPrompt(step, path, walk)
      break
    case "agent":
      Models.check(step, path, workflow, catalogues.models, reporter)
      shape("output_schema", step.output_schema)
      Tools.checkToolNames(step.tools, [...path, "tools"], catalogues, reporter)
      break
    case "mcp_tool":
      Tools.checkCall(step, path, Tools.argumentsOf(types.get("params") ?? Type.any), catalogues.tools, reporter)
      break
    case "http":
      Tools.checkUrl(step, path, catalogues.hosts, reporter)
      break
    case "workflow": {
      const inputs = catalogues.workflows?.find(step.uses)?.inputs
      const given = Tools.argumentsOf(types.get("with") ?? Type.any)
      if (inputs !== undefined && inputs !== null) {
        Tools.checkArguments(`the workflow ${step.uses}`, inputs, given, [...path, "with"], reporter)
      }
      break
    }
    case "switch":
      checkCases(
        step.cases.length,
        step.else !== undefined,
        path,
        Texts.of(step, () => undefined),
        walk
      )
      break
    case "approve":
      shape("form", step.form)
      break
    case "wait":
      if ([step.for, step.until, step.event].filter((way) => way !== undefined).length !== 1) {
        reporter.report("PS113", path, "a wait has one of `for`, `until` and `event`", null, "key")
      }
      break
    case "set":
    case "parallel":
    case "foreach":
    case "loop":
    case "emit":
    case "fail":
      break
  }
  Tools.checkCalledWorkflows(step, path, workflow.name, catalogues.workflows, reporter)
}

/** A fallback that goes elsewhere is held to the same rules as the step: other tools, other hosts, other workflows. */
const checkFallbacks = (step: Step, path: Path, types: ReadonlyMap<string, Type.Type>, walk: Walk): void => {
  if (step.type !== "mcp_tool" && step.type !== "http" && step.type !== "workflow") return
  step.fallback?.forEach((part, at) => {
    if (part.value !== undefined) return
    const seen = new Map(types)
    for (const field of ["params", "with"]) {
      const type = types.get(`fallback.${at}.${field}`)
      if (type !== undefined) seen.set(field, type)
    }
    checkKind(withPart(step, part), [...path, "fallback", at], seen, walk)
  })
}

const checkPrompt = (step: StepOf<"llm">, path: Path, { reporter, unknownKeys }: Walk): void => {
  if (step.prompt !== undefined && step.messages !== undefined) {
    const hint = "put the prompt into the messages"
    reporter.report("PS113", [...path, "messages"], "a step has a prompt or messages, not both", hint, "key")
  }
  if (step.prompt !== undefined || step.messages !== undefined) return
  const misspelt = unknownKeys.some(
    (key) =>
      key.length === path.length + 1 &&
      path.every((part, at) => part === key[at]) &&
      nearest(String(key.at(-1)), ["prompt", "messages"]) !== null
  )
  if (!misspelt) reporter.report("PS112", path, `"prompt" is missing: expected a text`, null, "key")
}

const checkCases = (
  count: number,
  otherwise: boolean,
  path: Path,
  texts: ReadonlyArray<Texts.Text>,
  { reporter }: Walk
): void => {
  const certain = Array.from({ length: count }, (_, at) => at).find((at) => isAlways(texts, `cases.${at}.when`, true))
  for (let at = 0; at < count; at++) {
    const never = isAlways(texts, `cases.${at}.when`, false) || (certain !== undefined && at > certain)
    if (!never) continue
    const reason =
      certain !== undefined && at > certain ? "a case before it always holds" : "its condition is always false"
    reporter.report("PS211", [...path, "cases", at, "when"], "this case can never run", reason)
  }
  if (certain !== undefined && otherwise) {
    reporter.report("PS211", [...path, "else"], "this case can never run", "a case before it always holds", "key")
  }
}

export const reportShape = (value: unknown, path: Path, { reporter }: Pick<Walk, "reporter">): void => {
  for (const problem of Shape.read(value, path).problems) {
    reporter.report(problem.code, problem.path, problem.message, problem.hint)
  }
}
