/** `penstock.yaml` + environment + `.env` + flags → one configuration, or everything that is wrong with them. */
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import type { PenstockConfig, PenstockFile, ProviderConfig, ProviderFile } from "@penstock/schema/config/PenstockConfig"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type { ConfigIssue } from "./ConfigIssue.ts"
import { ConfigError, position, renderPath } from "./ConfigIssue.ts"
import type { ConfigSource, Path } from "./ConfigSource.ts"
import * as Source from "./ConfigSource.ts"
import * as CrossChecks from "./CrossChecks.ts"
import { decodeFile } from "./Decoding.ts"
import type { Environment } from "./Environment.ts"
import * as EnvironmentReader from "./Environment.ts"
import { variablesIn } from "./Interpolation.ts"
import * as Overrides from "./Overrides.ts"
import type { Names, Report } from "./Report.ts"
import type { ConfigFlags } from "./ServeOptions.ts"
import { soundPart } from "./SoundPart.ts"

export interface Loaded {
  readonly config: PenstockConfig
  /** The file that was read; null when there is none. */
  readonly path: string | null
  readonly warnings: ReadonlyArray<ConfigIssue>
  /** Keys whose value came from elsewhere than the file, with the flag's or variable's name. */
  readonly origins: ReadonlyMap<string, string>
}

interface Input {
  readonly name: string
  readonly text: string
}

const keysOf = (value: unknown): ReadonlyArray<string> =>
  isRecord(value) && !Array.isArray(value) ? Object.keys(value) : []

const namesIn = (tree: unknown): Names => {
  const part = (key: string): unknown => (isRecord(tree) ? tree[key] : undefined)
  const keys = part("keys")
  return {
    providers: [...new Set([...Object.keys(BuiltIn.providers), ...keysOf(part("providers"))])],
    models: keysOf(part("models")),
    keyCount: Array.isArray(keys) ? keys.length : keysOf(keys).length
  }
}

/** A section whose keys are all commented out reads as null: it is as good as absent. */
const withoutEmptySections = (tree: unknown): unknown =>
  isRecord(tree) && !Array.isArray(tree)
    ? Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== null))
    : (tree ?? {})

const providerOf = (name: string, file: ProviderFile | undefined, source: ConfigSource | null): ProviderConfig => {
  const builtIn = Object.hasOwn(BuiltIn.providers, name) ? BuiltIn.providers[name] : undefined
  const written = source?.at(["providers", name, "api_key"]) ?? null
  const variable = written?.unset[0] ?? written?.variables[0] ?? builtIn?.key_variable
  const { protocol, ...rest } = file ?? { headers: {} }
  return {
    ...builtIn,
    ...rest,
    protocol: protocol ?? builtIn?.protocol ?? "openai",
    ...(variable === undefined ? {} : { key_variable: variable })
  }
}

const complete = (file: PenstockFile, source: ConfigSource | null): PenstockConfig => ({
  ...file,
  providers: Object.fromEntries(
    namesIn(file).providers.map((name) => [name, providerOf(name, file.providers[name], source)])
  )
})

/** Everything but the reading: pure. */
export const assemble = (
  input: Input | null,
  environment: Environment,
  flags: ConfigFlags
): Either.Either<Loaded, ConfigError> => {
  const source = input === null ? null : Source.read(input.name, input.text, environment.get)
  if (source !== null && source.issues.length > 0) return Either.left(new ConfigError({ issues: source.issues }))

  const overrides = Overrides.collect(flags, environment)
  const errors: Array<ConfigIssue> = []
  const warnings: Array<ConfigIssue> = []
  const issue = (path: ReadonlyArray<PropertyKey>, message: string, hint?: string | null, where?: "key" | "value") => {
    const override = overrides.findLast((candidate) => renderPath(candidate.path) === renderPath(path))
    if (source !== null && override === undefined) return source.issue(path, message, hint, where)
    const origin = override?.origin ?? { source: "configuration", line: null }
    const column = origin.line === null ? null : 1
    return { ...origin, column, path: renderPath(path), message, hint: hint ?? null, frame: null }
  }

  const tree = overrides.reduce(
    (current, { path, value }) => Overrides.put(current, path, value),
    withoutEmptySections(source?.root?.value)
  )

  const variablesAt = (path: ReadonlyArray<PropertyKey>) => source?.at(path)?.variables ?? []
  const decoded = decodeFile(tree, variablesAt)
  const mistakes = Either.isLeft(decoded) ? decoded.left : []
  for (const mistake of mistakes) errors.push(issue(mistake.path, mistake.message, mistake.hint, mistake.where))
  const sound = Either.isRight(decoded)
    ? { file: decoded.right, original: (path: Path) => path }
    : soundPart(tree, mistakes, (part) => decodeFile(part, variablesAt))
  if (sound !== null) {
    const { file, original } = sound
    const report: Report = {
      error: (path, ...finding) => errors.push(issue(original(path), ...finding)),
      warning: (path, ...finding) => warnings.push(issue(original(path), ...finding)),
      place: (path) => position(issue(original(path), ""))
    }
    CrossChecks.check(file, namesIn(tree), flags.insecure, report)
  }
  if (Either.isLeft(decoded) || errors.length > 0) {
    return Either.left(new ConfigError({ issues: errors.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) }))
  }
  return Either.right({
    config: complete(decoded.right, source),
    path: input?.name ?? null,
    warnings,
    origins: new Map(overrides.map((override) => [renderPath(override.path), override.label]))
  })
}

const fileError = (source: string, message: string, hint: string): ConfigError =>
  new ConfigError({ issues: [{ source, line: null, column: null, path: "", message, hint, frame: null }] })

/** The text of a file; null when there is none. */
const readText = (file: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    return yield* files.readFileString(file)
  }).pipe(
    Effect.catchTags({
      SystemError: (error) =>
        error.reason === "NotFound"
          ? Effect.succeed(null)
          : Effect.fail(
              fileError(file, `cannot be read: ${error.reason}`, "check that it is a file that you may read")
            ),
      BadArgument: (error) =>
        Effect.fail(fileError(file, `cannot be read: ${error.description ?? "bad name"}`, "check its name"))
    })
  )

export interface Place {
  /** The configuration file, present or not. */
  readonly file: string
  /** Both as messages call them: relative to the directory where that is shorter. */
  readonly fileName: string
  readonly envName: string
  /** Whether it was asked for by name, and so must exist. */
  readonly required: boolean
  readonly envFile: string
}

/** Where the configuration is: `--config`, else `PENSTOCK_CONFIG`, else `penstock.yaml` in the directory. */
export const locate = Effect.fn("ConfigLoader.locate")(function* (flags: ConfigFlags, directory: string) {
  const paths = yield* FilePath.Path
  const envFile = paths.resolve(directory, ".env")
  const envText = yield* readText(envFile)
  const environment = yield* EnvironmentReader.read(
    ["PENSTOCK_CONFIG"],
    envText === null ? null : { name: envFile, text: envText }
  )
  const named = Option.getOrUndefined(flags.config) ?? environment.get("PENSTOCK_CONFIG")
  const file = paths.resolve(directory, named ?? "penstock.yaml")
  const shorter = (path: string): string => {
    const relative = paths.relative(directory, path)
    return relative.startsWith("..") ? path : relative
  }
  const place: Place = {
    file,
    fileName: shorter(file),
    required: named !== undefined,
    envFile,
    envName: shorter(envFile)
  }
  return place
})

/** Reads and checks the configuration as it is now. */
export const load = Effect.fn("ConfigLoader.load")(function* (place: Place, flags: ConfigFlags) {
  const text = yield* readText(place.file)
  if (text === null && place.required) {
    return yield* fileError(place.fileName, "there is no such file", "check --config or PENSTOCK_CONFIG")
  }
  const envText = yield* readText(place.envFile)
  const environment = yield* EnvironmentReader.read(
    [...Overrides.variables.map((variable) => variable.name), ...variablesIn(text ?? "")],
    envText === null ? null : { name: place.envName, text: envText }
  )
  const loaded = yield* assemble(text === null ? null : { name: place.fileName, text }, environment, flags)
  return { ...loaded, path: text === null ? null : place.file }
})
