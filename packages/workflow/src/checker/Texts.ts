/**
 * The expressions of a step: every field that may hold one, compiled, with what is expected of its value. The checker
 * types them, the schedule follows their references, and the compiler puts them into the plan.
 */
import type { Step } from "../document/Step.ts"
import type { Problem } from "../expression/Ast.ts"
import * as DataTemplate from "../expression/DataTemplate.ts"
import * as Template from "../expression/Template.ts"
import type { Path } from "../parser/Node.ts"

export interface Text {
  /** From the step on; its last key names what it is for. */
  readonly path: Path
  readonly data: DataTemplate.DataTemplate
  readonly expects: "any" | "condition" | "list" | "text"
  /** `inner`: it sees the variables of the step's own block, and runs after it. */
  readonly scope: "outer" | "inner"
  /** Whether secrets may be read. */
  readonly secrets: boolean
}

export type OnProblem = (located: DataTemplate.Located<Problem>) => void

interface More {
  readonly expects?: Text["expects"]
  readonly scope?: Text["scope"]
  readonly secrets?: boolean
}

/** What a step computes. Problems are told with paths from the step on. */
export const of = (step: Step, onProblem: OnProblem): ReadonlyArray<Text> => {
  const texts: Array<Text> = []
  const add = (path: Path, data: DataTemplate.DataTemplate, more: More) => {
    texts.push({ path, data, expects: "any", scope: "outer", secrets: false, ...more })
  }
  const data = (path: Path, value: unknown, more: More = {}) => {
    if (value !== undefined) add(path, DataTemplate.compile(value, onProblem, path), more)
  }
  const bare = (path: Path, value: unknown, more: More) => {
    if (typeof value !== "string") return data(path, value, more)
    const { problems, template } = Template.compileBare(value)
    for (const problem of problems) onProblem({ path, value: problem })
    if (template !== null) add(path, { _tag: "Template", template }, more)
  }

  bare(["if"], step.if, { expects: "condition" })
  data(["idempotency_key"], step.idempotency_key)
  data(["cache", "key"], step.cache?.key)
  step.fallback?.forEach((part, at) => {
    for (const key of ["value", "prompt", "system", "url", "with"] as const) data(["fallback", at, key], part[key])
    data(["fallback", at, "params"], part.params, { secrets: true })
  })

  switch (step.type) {
    case "llm":
      data(["prompt"], step.prompt, { expects: "text" })
      data(["messages"], step.messages)
      data(["system"], step.system, { expects: "text" })
      break
    case "agent":
      data(["prompt"], step.prompt, { expects: "text" })
      data(["system"], step.system, { expects: "text" })
      bare(["stop_when"], step.stop_when, { expects: "condition", scope: "inner" })
      break
    case "mcp_tool":
      data(["params"], step.params, { secrets: true })
      break
    case "http":
      data(["url"], step.url, { expects: "text" })
      data(["headers"], step.headers, { secrets: true })
      data(["body"], step.body, { secrets: true })
      break
    case "workflow":
      data(["with"], step.with)
      break
    case "set":
      data(["values"], step.values)
      break
    case "foreach":
      bare(["in"], step.in, { expects: "list" })
      break
    case "switch":
      step.cases.forEach((one, at) => bare(["cases", at, "when"], one.when, { expects: "condition" }))
      break
    case "loop":
      bare(["until"], step.until, { expects: "condition", scope: "inner" })
      break
    case "approve":
      data(["prompt"], step.prompt, { expects: "text" })
      break
    case "wait":
      bare(["until"], step.until, { expects: "condition" })
      break
    case "emit":
      data(["data"], step.data)
      break
    case "fail":
      data(["message"], step.message, { expects: "text" })
      break
    case "parallel":
      break
  }
  return texts
}

/** The workflow's own output: a variable's name, a text, or data. */
export const ofOutput = (output: unknown, onProblem: OnProblem): DataTemplate.DataTemplate => {
  const path: Path = ["output"]
  if (typeof output !== "string" || !/^[A-Za-z_]\w*$/.test(output)) return DataTemplate.compile(output, onProblem, path)
  const { problems, template } = Template.compileBare(output)
  for (const problem of problems) onProblem({ path, value: problem })
  return template === null ? { _tag: "Constant", value: null } : { _tag: "Template", template }
}
