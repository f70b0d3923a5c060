/**
 * Settings that follow the configuration file. A change of the file or of `.env`, or SIGHUP, reads everything anew; the
 * new snapshot is checked whole and swapped in at once. One that is wrong leaves the old snapshot in force and says why.
 */
import * as Settings from "@penstock/gateway/Settings"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as FilePath from "@effect/platform/Path"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as path from "node:path"
import { ConfigError, type ConfigIssue, renderLine } from "./ConfigIssue.ts"
import * as ConfigLoader from "./ConfigLoader.ts"
import * as CrossChecks from "./CrossChecks.ts"
import type { ConfigFlags } from "./ServeOptions.ts"

export type Outcome =
  | {
      readonly _tag: "Reloaded"
      readonly config: PenstockConfig
      readonly warnings: ReadonlyArray<ConfigIssue>
      /** Keys whose new value waits for a restart. */
      readonly waiting: ReadonlyArray<string>
    }
  | { readonly _tag: "Rejected"; readonly error: ConfigError }

export interface Service {
  /** What was read at the start. */
  readonly initial: ConfigLoader.Loaded
  /** Every outcome from now on. */
  readonly outcomes: Effect.Effect<Queue.Dequeue<Outcome>, never, Scope.Scope>
}

/** Tells how reloads end. */
export class ConfigReloads extends Context.Tag("@penstock/server/config/ConfigFile/ConfigReloads")<
  ConfigReloads,
  Service
>() {}

/** Editors write a file in several steps. */
const settle: Duration.DurationInput = "100 millis"

// Kubernetes swaps the link `..data` under a mounted file, whose own name never changes.
const isOurs = (place: ConfigLoader.Place, name: string | null): boolean =>
  name === null || name === path.basename(place.file) || name === path.basename(place.envFile) || name === "..data"

/** The folder is watched and not the file: an editor that replaces the file would leave a watcher on the old one. */
const watch = (place: ConfigLoader.Place, changed: () => void) =>
  Effect.forEach(
    new Set([path.dirname(place.file), path.dirname(place.envFile)]),
    (folder) =>
      Effect.acquireRelease(
        Effect.try(() => {
          const watcher = fs.watch(folder, { persistent: false }, (_event, name) => {
            if (isOurs(place, name)) changed()
          })
          // A folder that goes away ends the watching, not the server; SIGHUP still works.
          watcher.on("error", () => watcher.close())
          return watcher
        }),
        (watcher) => Effect.sync(() => watcher.close())
      ).pipe(Effect.catchAll((cause) => Effect.logWarning(`Cannot watch ${folder}: reload with SIGHUP`, cause.cause))),
    { discard: true }
  )

const onHangup = (changed: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", changed)),
    () => Effect.sync(() => process.off("SIGHUP", changed))
  )

/** What a running server cannot change stays as it is, whatever the new file says. */
const keepFixed = (inForce: PenstockConfig, next: PenstockConfig): PenstockConfig => ({
  ...next,
  database: inForce.database,
  workflows: inForce.workflows,
  server: { ...next.server, host: inForce.server.host, port: inForce.server.port }
})

const waitingKeys = (inForce: PenstockConfig, next: PenstockConfig): ReadonlyArray<string> => [
  ...(inForce.server.host === next.server.host ? [] : ["server.host"]),
  ...(inForce.server.port === next.server.port ? [] : ["server.port"]),
  ...(inForce.database === next.database ? [] : ["database"]),
  ...(inForce.workflows === next.workflows ? [] : ["workflows"])
]

/** The address in force with the `auth` of the new file: together they may be open to everybody. */
const exposure = (config: PenstockConfig, source: string, insecure: boolean): ReadonlyArray<ConfigIssue> => {
  const issues: Array<ConfigIssue> = []
  const error = (keys: ReadonlyArray<string | number>, message: string, hint: string | null = null) =>
    issues.push({ source, line: null, column: null, path: keys.join("."), message, hint, frame: null })
  CrossChecks.checkExposure(config.server, insecure, { error })
  return issues
}

const logWarnings = (warnings: ReadonlyArray<ConfigIssue>) =>
  Effect.forEach(warnings, (warning) => Effect.logWarning(renderLine(warning)), { discard: true })

const make = Effect.fnUntraced(function* (flags: ConfigFlags, directory: string) {
  const located = yield* ConfigLoader.locate(flags, directory)
  // Watched before it is read: a change in between is not lost.
  const signals = yield* Queue.sliding<void>(1)
  const changed = () => void Queue.unsafeOffer(signals, undefined)
  yield* watch(located, changed)
  yield* onHangup(changed)
  const initial = yield* ConfigLoader.load(located, flags)
  // Once there is a file, its absence is a mistake: the defaults might let in whom the file kept out.
  const place = { ...located, required: located.required || initial.path !== null }
  const pubsub = yield* PubSub.sliding<Outcome>(16)
  let current = initial.config

  const reload = Effect.fn("ConfigFile.reload")(function* () {
    const loaded = yield* ConfigLoader.load(place, flags)
    const next = keepFixed(current, loaded.config)
    const issues = exposure(next, place.fileName, flags.insecure)
    if (issues.length > 0) return yield* new ConfigError({ issues })
    const waiting = waitingKeys(current, loaded.config)
    current = next
    // A file that appears later is required from then on, too.
    place.required ||= loaded.path !== null
    yield* logWarnings(loaded.warnings)
    for (const key of waiting) yield* Effect.logWarning(`${key} has changed: it takes effect after a restart`)
    yield* Effect.logInfo("Configuration reloaded")
    return { _tag: "Reloaded", config: next, warnings: loaded.warnings, waiting } satisfies Outcome
  })

  const attempt = Effect.fnUntraced(
    function* () {
      return yield* reload()
    },
    Effect.catchAll((error) =>
      Effect.logError(`The configuration was not reloaded, the former one stays in force:\n${error.message}`).pipe(
        Effect.as<Outcome>({ _tag: "Rejected", error })
      )
    ),
    Effect.flatMap((outcome) => PubSub.publish(pubsub, outcome))
  )

  yield* Stream.fromQueue(signals).pipe(Stream.debounce(settle), Stream.runForEach(attempt), Effect.forkScoped)
  const reloads: Service = { initial, outcomes: PubSub.subscribe(pubsub) }
  return Context.make(ConfigReloads, reloads).pipe(
    Context.add(
      Settings.Settings,
      Settings.make(() => current, place.fileName)
    )
  )
})

/** Reads at once, failing with everything that is wrong, and follows changes for as long as the layer lives. */
export const layer = (flags: ConfigFlags, directory?: string) =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const paths = yield* FilePath.Path
      return yield* make(flags, directory ?? paths.resolve("."))
    })
  )
