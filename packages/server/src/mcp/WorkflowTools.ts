/** Workflows as tools: `workflow__summarize` runs the workflow `summarize` and gives its output. */
import * as ToolName from "@penstock/gateway/mcp/ToolName"
import type { ListedTool, Progress } from "@penstock/gateway/mcp/Tool"
import { isObject } from "@penstock/gateway/wire/Json"
import type { Caller } from "@penstock/schema/api/Caller"
import type { McpToolResult } from "@penstock/schema/McpTool"
import type { Plan } from "@penstock/workflow/compiler/Plan"
import type { RunEvent } from "@penstock/workflow/runtime/RunRecord"
import type { Service as Workflows, Workflow } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Sources, outcome, start } from "../workflows/Starting.ts"

export interface CallOptions {
  readonly caller: Caller
  /** Called synchronously for each sign of progress. */
  readonly onProgress: (progress: Progress) => void
}

const group = "workflow"

const toolName = (workflow: string): string =>
  ToolName.legal(`${group}${ToolName.separator}${workflow}`, group, workflow)

interface Runnable extends Workflow {
  readonly plan: Plan
}

const isRunnable = (workflow: Workflow): workflow is Runnable => workflow.plan !== null

const runnable = (workflows: Workflows): Effect.Effect<ReadonlyArray<Runnable>> =>
  Effect.map(workflows.list, (all) => all.filter(isRunnable))

/** Only an object can be told as structured content in every revision. */
const hasObjectOutput = ({ outputSchema }: Plan): boolean => outputSchema.type === "object"

const toTool = ({ name, plan }: Runnable): ListedTool => ({
  name: toolName(name),
  title: name,
  description: plan.description ?? `Runs the workflow ${name}`,
  inputSchema: { ...plan.inputSchema, type: "object" },
  ...(hasObjectOutput(plan) ? { outputSchema: plan.outputSchema } : {})
})

/** Those that can be run. */
export const list = (workflows: Workflows): Effect.Effect<ReadonlyArray<ListedTool>> =>
  Effect.map(runnable(workflows), (all) => all.map(toTool))

/** The same as long as the tools are. */
export const fingerprint = (workflows: Workflows): Effect.Effect<string> =>
  Effect.map(runnable(workflows), (all) => all.map(({ name, plan }) => `${name} ${plan.hash}`).join("\n"))

/** The workflow behind a tool's name. */
export const find = (workflows: Workflows, tool: string): Effect.Effect<Runnable | null> =>
  Effect.map(runnable(workflows), (all) => all.find(({ name }) => toolName(name) === tool) ?? null)

/** Steps of the top level count: how often an inner one runs is not known before. */
const counter = ({ steps }: Plan, { onProgress }: CallOptions) => {
  const names = new Map(steps.map(({ id, path }) => [path, id]))
  const left = new Set(names.keys())
  let progress = 0
  return ({ step, type }: RunEvent): void => {
    if (step === null || !type.startsWith("step.")) return
    const isOver = type === "step.finished" || type === "step.skipped"
    if (isOver && left.delete(step)) progress = Math.floor(progress) + 1
    // Progress must rise with each sign of it: what begins counts a little.
    else if (type === "step.started") progress += 0.001
    else return
    onProgress({ progress, total: steps.length, message: `${names.get(step) ?? step} ${type.slice("step.".length)}` })
  }
}

const told = (text: string, isError: boolean): McpToolResult => ({ content: [{ type: "text", text }], isError })

/** Runs it to its end; interruption cancels the run. What fails is a result for the model to read. */
export const run = Effect.fn("WorkflowTools.run")(function* (
  sources: Sources,
  { name, plan }: Runnable,
  input: { readonly [key: string]: unknown },
  options: CallOptions
): Effect.fn.Return<McpToolResult> {
  const { runs } = sources
  const started = yield* Effect.either(start(sources, { name, input, caller: options.caller, key: null }))
  if (started._tag === "Left") return told(started.left.error.message, true)
  const { id } = started.right
  const count = counter(plan, options)
  const following = Effect.orDie(Stream.runForEach(runs.events(id), (event) => Effect.sync(() => count(event))))
  return yield* following.pipe(
    Effect.zipRight(outcome(runs, id)),
    Effect.map(({ error, run }) => {
      if (error !== null) return told(`${error.message} (run ${id})`, true)
      const { output } = run
      const result = told(typeof output === "string" ? output : JSON.stringify(output ?? null), false)
      return isObject(output) ? { ...result, structuredContent: output } : result
    }),
    Effect.onInterrupt(() => Effect.ignore(runs.cancel(id)))
  )
})
