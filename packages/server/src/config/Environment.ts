/** The environment as configuration reads it: the process's own first, then `.env`. An empty variable counts as unset. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { parseEnv } from "node:util"

export interface Origin {
  /** `PORT (environment)`, or the `.env` file. */
  readonly source: string
  readonly line: number | null
}

export interface Environment {
  readonly get: (name: string) => string | undefined
  readonly origin: (name: string) => Origin
}

export interface EnvFile {
  readonly name: string
  readonly text: string
}

const lineOf = (text: string, name: string): number | null => {
  const index = text.split(/\r?\n/).findIndex((line) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line))
  return index < 0 ? null : index + 1
}

const entriesOf = (file: EnvFile): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(parseEnv(file.text.replace(/^\uFEFF/, ""))).flatMap(([name, value]) =>
      typeof value === "string" && value !== "" ? [[name, value] as const] : []
    )
  )

/** Reads the named variables, once: a snapshot, as the configuration made from them is. */
export const read = Effect.fn("Environment.read")(function* (names: ReadonlyArray<string>, file: EnvFile | null) {
  const own = new Map<string, string>()
  for (const name of new Set(names)) {
    const value = yield* Effect.option(Config.string(name))
    if (Option.isSome(value) && value.value !== "") own.set(name, value.value)
  }
  const more = file === null ? new Map<string, string>() : entriesOf(file)
  const environment: Environment = {
    get: (name) => own.get(name) ?? more.get(name),
    origin: (name) =>
      file === null || own.has(name) || !more.has(name)
        ? { source: `${name} (environment)`, line: null }
        : { source: file.name, line: lineOf(file.text, name) }
  }
  return environment
})
