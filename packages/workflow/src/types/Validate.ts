/** Values held to a JSON Schema (2020-12), without code generation: it runs where `eval` is forbidden. */
import { Validator } from "@cfworker/json-schema"
import { renderPointer } from "./Pointer.ts"
import type { JsonSchema } from "./Shape.ts"

export interface Violation {
  /** Where in the value: `items[0].title`; empty for the value itself. */
  readonly path: string
  readonly message: string
}

/** Nothing where the value is valid. The messages are fit for a model that is asked again. */
export type Validate = (value: unknown) => ReadonlyArray<Violation>

const maxViolations = 20

/** Words that only repeat what another one tells. */
const echoes = new Set("properties items $ref allOf patternProperties prefixItems if then else false".split(" "))

export const compile = (schema: JsonSchema): Validate => {
  const validator = attempt(() => new Validator({ ...schema }, "2020-12", false))
  return (value) => {
    const result = typeof validator === "string" ? validator : attempt(() => validator.validate(value))
    if (typeof result === "string") return [{ path: "", message: result }]
    if (result.valid) return []
    const told = result.errors.filter(({ keyword }) => !echoes.has(keyword))
    return (told.length === 0 ? result.errors : told).slice(0, maxViolations).map(({ error, instanceLocation }) => ({
      path: renderPointer(instanceLocation),
      message: error.endsWith(".") ? error.slice(0, -1) : error
    }))
  }
}

/** The validator throws on a reference that leads nowhere and on a key that is no Unicode; a run must not. */
const attempt = <A>(use: () => A): A | string => {
  try {
    return use()
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : "unknown"
    return `the value cannot be held to the schema: ${reason}`
  }
}
