/** Data with `${…}` anywhere in its texts: parameters of a tool, a request's body, the values of a `set` step. */
import * as Either from "effect/Either"
import { isReadonlyRecord } from "effect/Predicate"
import type { Path } from "../parser/Node.ts"
import type { Problem } from "./Ast.ts"
import * as Template from "./Template.ts"
import { type ExpressionFailure, Meter, type Value } from "./Value.ts"

export type DataTemplate =
  | { readonly _tag: "Constant"; readonly value: unknown }
  | { readonly _tag: "Template"; readonly template: Template.Template }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<DataTemplate> }
  | { readonly _tag: "Object"; readonly fields: ReadonlyMap<string, DataTemplate> }

/** One text of the data, and where it stands in it. */
export interface Located<A> {
  readonly path: Path
  readonly value: A
}

/** Compiles every text of the data. What has problems is left out and told. */
export const compile = (
  value: unknown,
  onProblem: (located: Located<Problem>) => void,
  path: Path = []
): DataTemplate => {
  if (typeof value === "string") {
    const { problems, template } = Template.compile(value)
    for (const problem of problems) onProblem({ path, value: problem })
    return template === null || Template.isConstant(template)
      ? { _tag: "Constant", value: plain(value, template) }
      : { _tag: "Template", template }
  }
  if (Array.isArray(value)) {
    return { _tag: "List", items: value.map((item: unknown, at) => compile(item, onProblem, [...path, at])) }
  }
  if (!isReadonlyRecord(value)) return { _tag: "Constant", value }
  const fields = Object.entries(value).map(
    ([name, field]) => [name, compile(field, onProblem, [...path, name])] as const
  )
  return { _tag: "Object", fields: new Map(fields) }
}

/** A text without expressions may still hold `$${`. */
const plain = (source: string, template: Template.Template | null): string =>
  template === null ? source : template.parts.map((part) => (part._tag === "Text" ? part.text : "")).join("")

/** Every template inside, with its path. */
export const templates = (data: DataTemplate, path: Path = []): ReadonlyArray<Located<Template.Template>> => {
  switch (data._tag) {
    case "Constant":
      return []
    case "Template":
      return [{ path, value: data.template }]
    case "List":
      return data.items.flatMap((item, at) => templates(item, [...path, at]))
    case "Object":
      return Array.from(data.fields).flatMap(([name, field]) => templates(field, [...path, name]))
  }
}

/** The data with every expression replaced by its value. All of it together costs what one expression may. */
export const evaluate = (
  data: DataTemplate,
  scope: Template.Scope
): Either.Either<unknown, Located<ExpressionFailure>> => fill(data, Template.toScope(scope), new Meter(), [])

const fill = (
  data: DataTemplate,
  scope: ReadonlyMap<string, Value>,
  meter: Meter,
  path: Path
): Either.Either<unknown, Located<ExpressionFailure>> => {
  switch (data._tag) {
    case "Constant":
      return Either.right(data.value)
    case "Template":
      return Either.mapLeft(Template.evaluateWith(data.template, scope, meter), (value) => ({ path, value }))
    case "List":
      return Either.all(data.items.map((item, at) => fill(item, scope, meter, [...path, at])))
    case "Object":
      return Either.map(
        Either.all(
          Array.from(data.fields, ([name, field]) =>
            Either.map(fill(field, scope, meter, [...path, name]), (value) => [name, value] as const)
          )
        ),
        Object.fromEntries
      )
  }
}
