/** Text to plan. A text with errors has no plan; one with warnings has both. Pure: the same text gives the same plan. */
import { allSteps, type Block, blocksOf } from "../checker/Blocks.ts"
import type { WorkflowFacts } from "../checker/Catalogues.ts"
import * as Checker from "../checker/Checker.ts"
import * as Cost from "../checker/Cost.ts"
import { withPart } from "../checker/Fallbacks.ts"
import * as Schedule from "../checker/Schedule.ts"
import * as Texts from "../checker/Texts.ts"
import * as Tools from "../checker/Tools.ts"
import * as Diagnostic from "../diagnostic/Diagnostic.ts"
import type { Step, StepList } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { DataTemplate } from "../expression/DataTemplate.ts"
import { fromSchema } from "../types/FromSchema.ts"
import * as Shape from "../types/Shape.ts"
import * as ToSchema from "../types/ToSchema.ts"
import * as Type from "../types/Type.ts"
import { compileAction, textsOf } from "./CompileAction.ts"
import { criticalPath } from "./CriticalPath.ts"
import { hashOf } from "./Hash.ts"
import type { Fallback, Plan, PlanStep } from "./Plan.ts"
import * as Models from "../checker/Models.ts"
import * as Settings from "./Settings.ts"
import * as StepPath from "./StepPath.ts"

export interface Compiled {
  readonly diagnostics: ReadonlyArray<Diagnostic.Diagnostic>
  /** Null where a diagnostic is an error. */
  readonly plan: Plan | null
  /** What the file says, with its triggers and tests; null where its shape is too wrong to be read. */
  readonly document: Workflow | null
}

/** Checks and compiles a text, or the bytes of one. */
export const compile = (source: string | Uint8Array, options: Checker.Options = {}): Compiled => {
  const { diagnostics, document, outputType } = Checker.check(source, options)
  if (document === undefined || diagnostics.some(Diagnostic.isError)) {
    return { diagnostics, plan: null, document: document ?? null }
  }
  return { diagnostics, plan: planOf(document, outputType ?? Type.any, options), document }
}

/** What other workflows have to know of this one. */
export const toFacts = (plan: Plan): WorkflowFacts => ({
  inputs: plan.inputSchema,
  outputType: fromSchema(plan.outputSchema),
  calls: plan.calls,
  worstCost: plan.cost.worst
})

const planOf = (workflow: Workflow, outputType: Type.Type, catalogues: Checker.Options): Plan => {
  const context: Cost.Context = { workflow, catalogues }
  const list = (name: "steps" | "catch" | "finally", schedule?: Schedule.Schedule): ReadonlyArray<PlanStep> =>
    compileList(workflow[name] ?? [], (id) => StepPath.root(name, id), context, schedule)
  const steps = list("steps", Checker.scheduleOf(workflow))
  return {
    name: workflow.name,
    description: workflow.description ?? null,
    version: workflow.version === undefined ? null : String(workflow.version),
    hash: hashOf(workflow),
    inputSchema: workflow.inputs === undefined ? null : Shape.read(workflow.inputs).schema,
    outputSchema: ToSchema.toSchema(outputType),
    output: Texts.ofOutput(workflow.output, () => undefined),
    timeoutMillis: Settings.millis(workflow.timeout),
    budget: Settings.limitOf(workflow.budget),
    baseline: workflow.baseline === undefined ? [] : Models.chainOf(workflow, workflow.baseline),
    steps,
    catch: list("catch"),
    finally: list("finally"),
    cost: Cost.ofWorkflow(context),
    criticalPath: criticalPath(steps),
    calls: [...new Set(allSteps(workflow).flatMap(({ step }) => Tools.callsOf(step).map(({ name }) => name)))]
  }
}

const compileList = (
  steps: StepList,
  pathOf: (id: string) => string,
  context: Cost.Context,
  { waitsFor }: Schedule.Schedule = Schedule.sequential(steps)
): ReadonlyArray<PlanStep> =>
  steps.map((step, at) => {
    const waited = (waitsFor[at] ?? []).flatMap((position) => steps[position] ?? [])
    return compileStep(
      step,
      pathOf(step.id),
      waited.map(({ id }) => pathOf(id)),
      context
    )
  })

const compileStep = (step: Step, path: string, waitsFor: ReadonlyArray<string>, context: Cost.Context): PlanStep => {
  const { workflow } = context
  const texts = textsOf(step)
  const blocks = new Map<string, ReadonlyArray<PlanStep>>(
    blocksOf(step).map((block: Block) => [
      block.label,
      compileList(block.steps, (id) => StepPath.inside(path, block, id), context)
    ])
  )
  const block = (label: string): ReadonlyArray<PlanStep> => blocks.get(label) ?? []
  return {
    id: step.id,
    path,
    output: step.output ?? null,
    condition: texts.get("if") ?? null,
    waitsFor,
    action: compileAction(step, texts, workflow, block),
    ...Settings.settingsOf(step, workflow),
    fallbacks: (step.fallback ?? []).map((part, at): Fallback => {
      const value: DataTemplate | undefined = texts.get(`fallback.${at}.value`)
      if (value !== undefined) return { _tag: "Value", value }
      const changed = withPart(step, part)
      return { _tag: "Action", action: compileAction(changed, textsOf(changed), workflow, block) }
    }),
    onError: step.on_error ?? "fail",
    catch: block("catch"),
    undo: block("undo"),
    cache:
      step.cache === undefined
        ? null
        : {
            key: texts.get("cache.key") ?? null,
            ttlMillis: Settings.millis(step.cache.ttl) ?? 0,
            scope: step.cache.scope ?? "workflow"
          },
    budget: Settings.limitOf(step.budget),
    idempotencyKey: texts.get("idempotency_key") ?? null,
    ...(step.mock === undefined ? {} : { mock: step.mock }),
    cost: Cost.ofStep(step, context)
  }
}
