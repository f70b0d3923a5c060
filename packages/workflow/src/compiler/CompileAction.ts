/** A step's own part of the plan, by its type. */
import * as Models from "../checker/Models.ts"
import * as Texts from "../checker/Texts.ts"
import type { Step } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { DataTemplate } from "../expression/DataTemplate.ts"
import * as Shape from "../types/Shape.ts"
import type { Action, PlanStep, ToolChoice } from "./Plan.ts"
import { millis } from "./Settings.ts"

/** The compiled steps of one of the step's blocks. */
export type InnerBlock = (label: string) => ReadonlyArray<PlanStep>

const nothing: DataTemplate = { _tag: "Constant", value: null }
const noFields: DataTemplate = { _tag: "Object", fields: new Map() }

/** The compiled texts of a step by their field: `prompt`, `cases.0.when`. */
export const textsOf = (step: Step): ReadonlyMap<string, DataTemplate> =>
  new Map(Texts.of(step, () => undefined).map(({ data, path }) => [path.join("."), data]))

export const compileAction = (
  step: Step,
  texts: ReadonlyMap<string, DataTemplate>,
  workflow: Workflow,
  block: InnerBlock
): Action => {
  const text = (field: string): DataTemplate | null => texts.get(field) ?? null
  const needed = (field: string): DataTemplate => texts.get(field) ?? nothing
  switch (step.type) {
    case "llm":
      return {
        type: "llm",
        ...modelCall(step, texts, workflow),
        messages: text("messages"),
        stream: step.stream ?? false
      }
    case "agent":
      return {
        type: "agent",
        ...modelCall(step, texts, workflow),
        maxTurns: step.max_turns,
        stopWhen: text("stop_when")
      }
    case "mcp_tool":
      return { type: "mcp_tool", server: step.server, tool: step.tool, params: text("params") ?? noFields }
    case "http": {
      const method = step.method ?? (step.body === undefined ? "GET" : "POST")
      return { type: "http", method, url: needed("url"), headers: text("headers") ?? noFields, body: text("body") }
    }
    case "workflow":
      return { type: "workflow", uses: step.uses, with: text("with") ?? noFields }
    case "set":
      return { type: "set", values: needed("values") }
    case "parallel":
      return {
        type: "parallel",
        join: step.join ?? "all",
        branches: Object.keys(step.branches).map((name) => ({
          name,
          steps: block(`branches.${name}`)
        }))
      }
    case "foreach":
      return {
        type: "foreach",
        in: needed("in"),
        as: step.as ?? "item",
        concurrency: step.concurrency ?? 1,
        onItemError: step.on_item_error ?? "fail",
        steps: block("steps")
      }
    case "switch":
      return {
        type: "switch",
        cases: step.cases.map((_, at) => ({
          when: needed(`cases.${at}.when`),
          steps: block(`cases[${at}]`)
        })),
        else: step.else === undefined ? null : block("else")
      }
    case "loop":
      return { type: "loop", until: needed("until"), max: step.max, steps: block("steps") }
    case "approve":
      return {
        type: "approve",
        prompt: needed("prompt"),
        formSchema: step.form === undefined ? null : Shape.read(step.form).schema,
        onTimeout: step.on_timeout ?? "reject"
      }
    case "wait":
      return { type: "wait", forMillis: millis(step.for), until: text("until"), event: step.event ?? null }
    case "emit":
      return { type: "emit", event: step.event, data: needed("data") }
    case "fail":
      return { type: "fail", message: needed("message"), code: step.code ?? null }
  }
}

const modelCall = (step: Models.ModelStep, texts: ReadonlyMap<string, DataTemplate>, workflow: Workflow) => ({
  models: Models.chainOf(workflow, step.model),
  prompt: texts.get("prompt") ?? null,
  system: texts.get("system") ?? null,
  outputSchema: step.output_schema === undefined ? null : Shape.read(step.output_schema).schema,
  temperature: step.temperature ?? workflow.defaults?.temperature ?? null,
  maxTokens: step.max_tokens ?? workflow.defaults?.max_tokens ?? null,
  tools: (step.tools ?? []).map(toolChoice)
})

const toolChoice = (name: string): ToolChoice => {
  if (name.startsWith("workflow:")) return { _tag: "Workflow", name: name.slice("workflow:".length) }
  const slash = name.indexOf("/")
  const server = name.slice(0, slash)
  const tool = name.slice(slash + 1)
  return tool === "*" ? { _tag: "Server", server } : { _tag: "Tool", server, tool }
}
