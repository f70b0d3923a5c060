/** What a step asks a person, asked at the terminal. On stderr: stdout belongs to the run's result. */
import * as Effect from "effect/Effect"
import { isReadonlyRecord } from "effect/Predicate"
import * as Validate from "@penstock/workflow/types/Validate"
import * as readline from "node:readline/promises"

export interface Question {
  readonly step: string
  readonly prompt: unknown
  /** JSON Schema of the fields beside `approved`; null where there are none. */
  readonly form: unknown
}

interface Field {
  readonly name: string
  readonly schema: { readonly [keyword: string]: unknown }
  readonly required: boolean
}

export const fieldsOf = (form: unknown): ReadonlyArray<Field> => {
  const properties = isReadonlyRecord(form) ? form["properties"] : undefined
  if (!isReadonlyRecord(properties)) return []
  const required = isReadonlyRecord(form) && Array.isArray(form["required"]) ? form["required"] : []
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: isReadonlyRecord(schema) ? schema : {},
    required: required.includes(name)
  }))
}

/** What a person typed, as the field's type; undefined for nothing. */
export const valueOf = ({ schema }: Field, typed: string): unknown => {
  const answer = typed.trim()
  if (answer === "") return undefined
  if (schema["type"] === "string" || (Array.isArray(schema["enum"]) && schema["enum"].includes(answer))) return answer
  if (schema["type"] === "boolean" && /^(?:y|yes|n|no)$/i.test(answer)) return /^y/i.test(answer)
  try {
    return JSON.parse(answer)
  } catch {
    return answer
  }
}

const label = ({ name, required, schema }: Field): string => {
  const choice = Array.isArray(schema["enum"]) ? schema["enum"].join(" | ") : String(schema["type"] ?? "")
  return `  ${name}${choice === "" ? "" : ` (${choice})`}${required ? "" : ", may be left empty"}: `
}

const askField = async (lines: readline.Interface, field: Field, signal: AbortSignal): Promise<unknown> => {
  while (true) {
    const value = valueOf(field, await lines.question(label(field), { signal }))
    if (value === undefined && !field.required) return undefined
    const [violation] = value === undefined ? [{ message: "it is needed" }] : Validate.compile(field.schema)(value)
    if (violation === undefined) return value
    process.stderr.write(`    ${violation.message}\n`)
  }
}

/** The body of the signal that answers. */
export const ask = ({ form, prompt, step }: Question): Effect.Effect<{ readonly [field: string]: unknown }> =>
  Effect.promise(async (signal) => {
    const lines = readline.createInterface({ input: process.stdin, output: process.stderr })
    let open = true
    // The terminal hands Ctrl-C and Ctrl-D to whoever reads from it: they mean the run.
    const leave = () => void (open && process.kill(process.pid, "SIGINT"))
    lines.on("SIGINT", leave).on("close", leave)
    try {
      const told = typeof prompt === "string" ? prompt : JSON.stringify(prompt, null, 2)
      process.stderr.write(`\n${step} asks:\n${told.trimEnd()}\n\n`)
      let answer = ""
      while (!/^(?:y|yes|n|no)$/i.test(answer)) answer = (await lines.question("Approve? (y/n) ", { signal })).trim()
      if (!/^y/i.test(answer)) return { approved: false }
      const body: Record<string, unknown> = { approved: true }
      for (const field of fieldsOf(form)) {
        const value = await askField(lines, field, signal)
        if (value !== undefined) body[field.name] = value
      }
      return body
    } finally {
      open = false
      lines.close()
    }
  })
