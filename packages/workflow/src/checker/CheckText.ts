/** The expressions of one text: names, types, and what is expected of the value. */
import { isReadonlyRecord } from "effect/Predicate"
import type { DataTemplate } from "../expression/DataTemplate.ts"
import { infer } from "../expression/Infer.ts"
import * as References from "../expression/References.ts"
import type { Part, Template } from "../expression/Template.ts"
import { at, type Path } from "../parser/Node.ts"
import type { Parsed } from "../parser/Parser.ts"
import { assignable, typeOf } from "../types/Assignable.ts"
import { bounded } from "../types/Bounded.ts"
import * as Type from "../types/Type.ts"
import * as Names from "./Names.ts"
import type { Reporter } from "./Reporter.ts"
import type { Result, Scope } from "./Scope.ts"
import type { Text } from "./Texts.ts"

export interface Context {
  readonly parsed: Parsed
  readonly names: Names.Names
  readonly reporter: Reporter
}

type ExpressionPart = Extract<Part, { readonly _tag: "Expression" }>

const sourceAt = ({ root }: Parsed, path: Path): string => {
  const node = root === null ? null : at(root, path)
  return node?._tag === "Scalar" ? String(node.value) : ""
}

/** The type of a template, and the step because of which its value may not exist. */
const checkTemplate = (
  template: Template,
  path: Path,
  scope: Scope,
  secrets: boolean,
  { names, parsed, reporter }: Context
): Result => {
  if (reporter.isFull()) return { type: Type.any, maySkip: null }
  let maySkip: string | null = null
  const { inside, locals, steps, variables } = scope
  for (const reference of References.ofTemplate(template)) {
    Names.resolve(reference, { variables, steps, locals, secrets, inside }, names, path, reporter)
    const used = reference.name === "steps" ? readsOutput(reference, steps) : variables.get(reference.name)
    maySkip ??= used?.maySkip ?? null
  }
  const source = sourceAt(parsed, path)
  const types = template.parts.flatMap((part) =>
    part._tag === "Text" ? [] : [partType(part, source, path, scope, reporter)]
  )
  const [only = Type.string] = types
  if (template.exact) return { type: only, maySkip }
  template.parts
    .filter((part) => part._tag === "Expression")
    .forEach((part, index) => {
      checkPrintable(part, types[index] ?? Type.any, path, reporter)
    })
  return { type: Type.string, maySkip }
}

/** `steps.a.status` is there for a skipped step too; its output is not. */
const readsOutput = ({ path }: References.Reference, steps: ReadonlyMap<string, Result>): Result | undefined =>
  path[1]?.text === "output" ? steps.get(path[0]?.text ?? "") : undefined

const partType = (part: ExpressionPart, source: string, path: Path, scope: Scope, reporter: Reporter): Type.Type => {
  const { problems, type } = infer(part.expr, scope.types, source.slice(part.offset))
  for (const problem of problems) {
    const span = { start: problem.span.start + part.offset, end: problem.span.end + part.offset }
    reporter.reportProblem(path, { ...problem, span })
  }
  return type
}

/** In the middle of a text a value that is not there is a failure. */
const checkPrintable = ({ expr, offset }: ExpressionPart, type: Type.Type, path: Path, reporter: Reporter): void => {
  const span = { start: expr.span.start + offset, end: expr.span.end + offset }
  if (type._tag === "Optional") {
    reporter.reportWithin("PS305", path, span, "this may be missing, which has no text", "add .orValue(…)")
  } else if (type._tag !== "Null" && Type.isNullable(type)) {
    reporter.reportWithin("PS308", path, span, "this may be null, which has no text", "write ${x == null ? … : x}")
  }
}

/** The type of data with templates in it. */
export const checkData = (data: DataTemplate, path: Path, scope: Scope, secrets: boolean, context: Context): Result => {
  switch (data._tag) {
    case "Constant":
      return { type: constantType(data.value), maySkip: null }
    case "Template":
      return checkTemplate(data.template, path, scope, secrets, context)
    case "List": {
      const items = data.items.map((item, index) => checkData(item, [...path, index], scope, secrets, context))
      return { type: Type.list(Type.union(items.map(({ type }) => type))), maySkip: firstSkip(items) }
    }
    case "Object": {
      const fields = Array.from(
        data.fields,
        ([name, field]) => [name, checkData(field, [...path, name], scope, secrets, context)] as const
      )
      const types = fields.map(([name, { type }]) => [name, { type, optional: false }] as const)
      const type: Type.Type = { _tag: "Object", fields: new Map(types), rest: null }
      return { type, maySkip: firstSkip(fields.map(([, result]) => result)) }
    }
  }
}

const firstSkip = (results: ReadonlyArray<Result>): string | null =>
  results.find(({ maySkip }) => maySkip !== null)?.maySkip ?? null

/** The type of a value that is written in the file. */
export const constantType = (value: unknown): Type.Type => {
  if (Array.isArray(value)) return Type.list(Type.union(value.map(constantType)))
  if (!isReadonlyRecord(value)) return typeOf(value)
  return Type.struct(Object.fromEntries(Object.entries(value).map(([name, field]) => [name, constantType(field)])))
}

/** `{summary: summary}` gives the word, where the variable was probably meant. */
export const lintPlainNames = (data: DataTemplate, path: Path, scope: Scope, { report }: Reporter): void => {
  if (data._tag !== "Object") return
  for (const [key, field] of data.fields) {
    if (field._tag !== "Constant" || typeof field.value !== "string" || !scope.variables.has(field.value)) continue
    report(
      "PS216",
      [...path, key],
      `this is the word "${field.value}" and not the variable`,
      `write \${${field.value}}`
    )
  }
}

/** A text of a step, held to what its field expects. `path` is the step's. */
export const checkText = (text: Text, path: Path, scope: Scope, context: Context): Result => {
  const where = [...path, ...text.path]
  const { maySkip, type } = checkData(text.data, where, scope, text.secrets, context)
  const result: Result = { type: bounded(type), maySkip }
  const { report } = context.reporter
  switch (text.expects) {
    case "condition":
      if (assignable(Type.withoutNull(result.type), Type.boolean) === "no") {
        report("PS303", where, `expected true or false, found ${Type.print(result.type)}`, "compare it with something")
      }
      break
    case "list":
      if (assignable(Type.withoutNull(result.type), Type.list(Type.any)) === "no") {
        report("PS304", where, `expected a list, found ${Type.print(result.type)}`)
      }
      break
    case "any":
    case "text":
      break
  }
  return result
}
