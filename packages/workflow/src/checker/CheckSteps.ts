/** The walk over a file: each step in its scope, block by block, in the order in which they run. */
import type { Step, StepList } from "../document/Step.ts"
import type { Path } from "../parser/Node.ts"
import { bounded } from "../types/Bounded.ts"
import * as Type from "../types/Type.ts"
import { type Block, blocksOf } from "./Blocks.ts"
import { checkFallbacks, checkKind, checkStandIns, isAlways } from "./CheckKinds.ts"
import { checkText, lintPlainNames } from "./CheckText.ts"
import { failure, outputOf } from "./Outputs.ts"
import * as Schedule from "./Schedule.ts"
import type { Result, Scope } from "./Scope.ts"
import * as Texts from "./Texts.ts"
import * as Tools from "./Tools.ts"
import type { Walk } from "./Walk.ts"

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
  for (const text of texts) {
    if (text.scope === "outer") check(text, scope)
    if (step.type === "set") lintPlainNames(text.data, [...path, ...text.path], scope, reporter)
  }
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
  Tools.checkCalledWorkflows(step, path, walk.workflow.name, catalogues.workflows, reporter)
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
