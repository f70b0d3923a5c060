/** What each kind of step gives, as a type. */
import type { Step, StepOf } from "../document/Step.ts"
import { fromSchema } from "../types/FromSchema.ts"
import * as Shape from "../types/Shape.ts"
import * as Type from "../types/Type.ts"
import type { Catalogues } from "./Catalogues.ts"

/** What a `catch` sees as `error`. */
export const failure: Type.Type = Type.struct({
  reason: Type.string,
  message: Type.string,
  step: Type.string,
  attempt: Type.integer
})

/** What `steps.<id>` has besides the output. */
const about = Type.struct({
  status: Type.enumeration(["succeeded", "failed", "skipped"]),
  error: Type.nullable(failure),
  usage: Type.struct({ input_tokens: Type.integer, output_tokens: Type.integer, total_tokens: Type.integer }),
  cost: Type.nullable(Type.number),
  model: Type.nullable(Type.string)
})
const exhausted: ReadonlyMap<string, Type.Field> = new Map([["exhausted", { type: Type.boolean, optional: false }]])

/** What `steps.<id>` is, given what the step gives. */
export const stepType = (step: Step, output: Type.Type): Type.Type => ({
  _tag: "Object",
  rest: null,
  fields: new Map([
    ["output", { type: output, optional: false }],
    ...about.fields,
    ...(step.type === "loop" ? exhausted : [])
  ])
})

export const run: Type.Type = Type.struct({ id: Type.string, started_at: Type.string })

const response = Type.struct({ status: Type.integer, headers: Type.record(Type.string), body: Type.any })

/** What inner blocks and expressions of the step gave. */
export interface Inner {
  /** The type of the last step of each of its own blocks, by the block's label. */
  readonly blocks: ReadonlyMap<string, Type.Type>
  /** The type of one of its texts, by its field. */
  readonly textType: (field: string) => Type.Type
}

const schemaType = (schema: unknown): Type.Type => fromSchema(Shape.read(schema).schema)

export const outputOf = (step: Step, { blocks, textType }: Inner, { tools, workflows }: Catalogues): Type.Type => {
  switch (step.type) {
    case "llm":
    case "agent":
      return step.output_schema === undefined ? Type.string : schemaType(step.output_schema)
    case "mcp_tool": {
      const schema = tools?.tools(step.server)?.get(step.tool)?.outputSchema
      return schema === undefined || schema === null ? Type.any : fromSchema(schema)
    }
    case "http":
      return response
    case "workflow":
      return workflows?.find(step.uses)?.outputType ?? Type.any
    case "set":
      return textType("values")
    case "parallel":
      return parallel(step, blocks)
    case "foreach": {
      const item = Type.list(blocks.get("steps") ?? Type.any)
      const error = Type.struct({ index: Type.integer, reason: Type.string, message: Type.string })
      return step.on_item_error === "collect" ? Type.struct({ ok: item, errors: Type.list(error) }) : item
    }
    case "switch": {
      const gives = [...step.cases.map((_, at) => `cases[${at}]`), "else"].map(
        (label) => blocks.get(label) ?? Type.nothing
      )
      return Type.union(gives)
    }
    case "loop":
      return blocks.get("steps") ?? Type.any
    case "approve":
      return approval(step)
    case "wait":
      return step.event === undefined ? Type.nothing : Type.any
    case "emit":
    case "fail":
      return Type.nothing
  }
}

const parallel = (step: StepOf<"parallel">, blocks: ReadonlyMap<string, Type.Type>): Type.Type => {
  const branches = Object.keys(step.branches).map((name) => [name, blocks.get(`branches.${name}`) ?? Type.any] as const)
  switch (step.join ?? "all") {
    case "all":
      return Type.struct(Object.fromEntries(branches))
    case "any":
      return Type.struct({
        branch: Type.enumeration(branches.map(([name]) => name)),
        output: Type.union(branches.map(([, type]) => type))
      })
    case "settled": {
      const settled = (output: Type.Type) =>
        Type.struct({ status: Type.enumeration(["succeeded", "failed"]), "output?": output, "error?": failure })
      return Type.struct(Object.fromEntries(branches.map(([name, type]) => [name, settled(type)])))
    }
  }
}

const approval = (step: StepOf<"approve">): Type.Type => {
  const form = step.form === undefined ? null : schemaType(step.form)
  const approved = [["approved", { type: Type.boolean, optional: false }]] as const
  const fields = form?._tag === "Object" ? [...form.fields] : []
  return { _tag: "Object", fields: new Map([...approved, ...fields]), rest: null }
}
