/** OpenAI's published description as a judge of what we emit. It lies beside the project, and may be absent. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { existsSync, readFileSync } from "node:fs"

const description = new URL("../../../shared/spec/openai-openapi.json", import.meta.url)

export const present = existsSync(description)

/** The description is OpenAPI 3.1 and yet says `nullable`, which JSON Schema spells as an alternative. */
const withNull = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withNull)
  if (typeof value !== "object" || value === null) return value
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withNull(each)])
  ) as Record<string, unknown>
  return nullable === true
    ? { anyOf: [rest, { type: "null" }] }
    : { ...rest, ...(nullable === undefined ? {} : { nullable }) }
}

export type Judge = (value: unknown) => string | null

/** Null for a value that is as described, else what is wrong with it. */
export const judges = (): ((schema: string) => Judge) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  const { components } = JSON.parse(readFileSync(description, "utf8"))
  // It describes a message whose content is a list twice, and then wants it to match one description only.
  const { InputItem } = components.schemas
  components.schemas.InputItem = { ...InputItem, oneOf: undefined, anyOf: InputItem.oneOf }
  ajv.addSchema({ $id: "openai", components: withNull(components) } as object)
  return (name) => {
    const validate = ajv.compile({ $ref: `openai#/components/schemas/${name}` })
    return (value) => (validate(value) ? null : JSON.stringify(validate.errors))
  }
}
