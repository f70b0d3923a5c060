/** `--input`, put together: fields, files, and what is piped in. Later ones win. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { isReadonlyRecord } from "effect/Predicate"
import { text } from "node:stream/consumers"
import { CommandFailed } from "../CommandFailed.ts"

const wrong = (message: string) => new CommandFailed({ exitCode: 2, text: message })

const parsed = (json: string, where: string): Effect.Effect<unknown, CommandFailed> =>
  Effect.try({
    try: (): unknown => JSON.parse(json),
    catch: (error) => wrong(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  })

const fileText = Effect.fnUntraced(function* (name: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  return yield* files
    .readFileString(paths.resolve(name))
    .pipe(Effect.mapError(({ message }) => wrong(`${name} cannot be read: ${message}`)))
})

const piped = Effect.tryPromise({
  try: () => text(process.stdin),
  catch: () => wrong("What is piped in cannot be read.")
})

/** The types that the workflow's schema allows a field; none where it does not say. */
const typesOf = (schema: unknown, field: string): ReadonlyArray<unknown> => {
  const properties = isReadonlyRecord(schema) ? schema["properties"] : undefined
  const own = isReadonlyRecord(properties) ? properties[field] : undefined
  const type = isReadonlyRecord(own) ? own["type"] : undefined
  return Array.isArray(type) ? type : type === undefined ? [] : [type]
}

/** A text, unless the workflow asks for something else there. */
const typed = (value: string, types: ReadonlyArray<unknown>): unknown => {
  if (types.length === 0 || types.includes("string")) return value
  try {
    return JSON.parse(value)
  } catch {
    // The workflow's own check says what is wrong with it.
    return value
  }
}

const field = Effect.fnUntraced(function* (given: string, schema: unknown) {
  const { json, name, value } = /^(?<name>[^=:]+)(?<json>:?)=(?<value>.*)$/s.exec(given)?.groups ?? {}
  if (name === undefined || value === undefined) {
    const forms = "name=text, name=@file, name:=JSON, @file.json, {JSON} or - for what is piped in"
    return yield* wrong(`--input ${given}: it is none of ${forms}.`)
  }
  const content = value.startsWith("@") ? yield* fileText(value.slice(1)) : value
  const read = json === ":" ? yield* parsed(content, `--input ${name}`) : typed(content, typesOf(schema, name))
  return { [name]: read }
})

/** `schema`: what the workflow takes. Nothing given is an empty mapping. */
export const read = Effect.fnUntraced(function* (given: ReadonlyArray<string>, schema: unknown) {
  let input: unknown = {}
  for (const one of given) {
    const isWhole = one === "-" || one.startsWith("@") || one.trimStart().startsWith("{")
    const part: unknown = !isWhole
      ? yield* field(one, schema)
      : one === "-"
        ? yield* parsed(yield* piped, "what is piped in")
        : one.startsWith("@")
          ? yield* parsed(yield* fileText(one.slice(1)), one.slice(1))
          : yield* parsed(one, "--input")
    // Only mappings can be put together.
    input = isReadonlyRecord(input) && isReadonlyRecord(part) ? { ...input, ...part } : part
  }
  return input
})
