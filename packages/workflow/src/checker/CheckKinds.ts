/** What only one kind of step has to be asked. */
import * as Either from "effect/Either"
import { nearest } from "@penstock/schema/Suggestion"
import type { Step, StepOf } from "../document/Step.ts"
import * as DataTemplate from "../expression/DataTemplate.ts"
import type { Path } from "../parser/Node.ts"
import { assignable } from "../types/Assignable.ts"
import * as Shape from "../types/Shape.ts"
import * as Type from "../types/Type.ts"
import { constantType } from "./CheckText.ts"
import { withPart } from "./Fallbacks.ts"
import * as Models from "./Models.ts"
import * as Texts from "./Texts.ts"
import * as Tools from "./Tools.ts"
import type { Walk } from "./Walk.ts"

/** Whether a condition has the same value whatever happens. */
export const isAlways = (texts: ReadonlyArray<Texts.Text>, path: string, value: boolean): boolean => {
  const data = texts.find((text) => text.path.join(".") === path)?.data
  if (data === undefined) return false
  return Either.getOrNull(DataTemplate.evaluate(data, {})) === value
}

export const checkKind = (step: Step, path: Path, types: ReadonlyMap<string, Type.Type>, walk: Walk): void => {
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
}

/** A fallback that goes elsewhere is held to the same rules as the step: other tools, other hosts, other workflows. */
export const checkFallbacks = (step: Step, path: Path, types: ReadonlyMap<string, Type.Type>, walk: Walk): void => {
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

/** What is given in place of the step's own output has to be like it. */
export const checkStandIns = (
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
