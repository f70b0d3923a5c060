/** Arguments held to a tool's schema before the call, without generated code: what is wrong, and where. */
import { type SchemaDraft, Validator } from "@cfworker/json-schema"
import { isObject, type JsonObject, listIn } from "../wire/Json.ts"
import type { ArgumentIssue } from "./McpError.ts"
import { resolve } from "./SchemaPointer.ts"

/** What is wrong with arguments; empty when nothing is. */
export type Check = (args: JsonObject) => ReadonlyArray<ArgumentIssue>

const maxIssues = 20

/** Words that only repeat what another one tells. */
const echoes = new Set("properties patternProperties items prefixItems $ref allOf if then else false".split(" "))

const draftOf = (schema: JsonObject): SchemaDraft => {
  const declared = typeof schema["$schema"] === "string" ? schema["$schema"] : ""
  if (/draft-0[34]/.test(declared)) return "4"
  if (/draft-0[67]/.test(declared)) return "7"
  return declared.includes("2019-09") ? "2019-09" : "2020-12"
}

const unescape = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~")

const pathOf = (pointer: string): ReadonlyArray<string> => pointer.split("/").slice(1).map(unescape)

const render = (path: ReadonlyArray<string>): string => ["arguments", ...path].join(".")

const valueAt = (value: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)

/** The names that a `required` asks for and the value lacks; empty where the word cannot be found again. */
const missing = (schema: JsonObject, keywordLocation: string, value: unknown): ReadonlyArray<string> => {
  const required = listIn(resolve(schema, keywordLocation))
  return required.filter(
    (name): name is string => typeof name === "string" && !(isObject(value) && Object.hasOwn(value, name))
  )
}

/**
 * Compiles a schema. One that cannot be applied (a reference that leads nowhere, a broken pattern) lets everything
 * pass: then the server judges.
 */
export const compile = (schema: JsonObject): Check => {
  // The validator writes into the schema that it is given.
  const validator = attempt(() => new Validator(structuredClone(schema), draftOf(schema), false))
  return (args) => {
    const result = validator === null ? null : attempt(() => validator.validate(args))
    if (result === null || result.valid) return []
    const issues = new Map<string, ArgumentIssue>()
    for (const { error, instanceLocation, keyword, keywordLocation } of result.errors) {
      if (echoes.has(keyword)) continue
      const path = pathOf(instanceLocation)
      const lacking = keyword === "required" ? missing(schema, keywordLocation, valueAt(args, path)) : []
      const found =
        lacking.length === 0
          ? [{ path: render(path), message: error.replace(/\.$/, "") }]
          : lacking.map((name) => ({ path: render([...path, name]), message: "It is required" }))
      for (const issue of found) issues.set(`${issue.path}\n${issue.message}`, issue)
    }
    if (issues.size === 0) return [{ path: render([]), message: "They do not match the tool's schema" }]
    return [...issues.values()].slice(0, maxIssues)
  }
}

/** It throws at what it cannot apply. */
const attempt = <A>(apply: () => A): A | null => {
  try {
    return apply()
  } catch {
    return null
  }
}
