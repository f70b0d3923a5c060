/** Everything that can be wrong before the first request: looked at, and never changed. */
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import * as FilePath from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type ConfigError, renderLine } from "../config/ConfigIssue.ts"
import * as ConfigLoader from "../config/ConfigLoader.ts"
import * as Overrides from "../config/Overrides.ts"
import type { ConfigFlags } from "../config/ServeOptions.ts"
import * as DatabaseChecks from "./DatabaseChecks.ts"
import { type Finding, fail, ok, warn } from "./Finding.ts"
import * as ListenCheck from "./ListenCheck.ts"
import * as MachineChecks from "./MachineChecks.ts"
import * as McpChecks from "./McpChecks.ts"
import * as ProviderChecks from "./ProviderChecks.ts"
import * as WorkflowChecks from "./WorkflowChecks.ts"

export interface Options {
  readonly flags: ConfigFlags
  /** Ask no provider and start no MCP server. */
  readonly offline: boolean
}

const load = Effect.fnUntraced(function* (flags: ConfigFlags) {
  const paths = yield* FilePath.Path
  const place = yield* ConfigLoader.locate(flags, paths.resolve("."))
  return yield* ConfigLoader.load(place, flags)
})

const ofConfig = ({ path, warnings }: ConfigLoader.Loaded): ReadonlyArray<Finding> => [
  ok("config", path ?? "there is no penstock.yaml: the defaults are in force (penstock init writes one)"),
  ...warnings.map((issue) => warn("config", renderLine({ ...issue, hint: null }), issue.hint))
]

const ofMistakes = ({ issues }: ConfigError): ReadonlyArray<Finding> =>
  issues.map((issue) => fail("config", renderLine({ ...issue, hint: null }), issue.hint))

/** The providers that are spoken of in the file or in a variable, from where values came that stand in no file. */
const writtenProviders = ({ config, origins }: ConfigLoader.Loaded): ReadonlySet<string> => {
  const named = Overrides.variables.filter(({ path }) => path[0] === "providers" && origins.has(path.join(".")))
  return new Set([
    ...Object.keys(config.providers).filter((name) => !Object.hasOwn(BuiltIn.providers, name)),
    ...named.map(({ path }) => String(path[1]))
  ])
}

const ofLoaded = (loaded: ConfigLoader.Loaded, { flags, offline }: Options) => {
  const { config } = loaded
  const written = writtenProviders(loaded)
  const { config: file, workflows } = flags
  return [
    Effect.succeed(ofConfig(loaded)),
    DatabaseChecks.examine(config.database),
    Effect.map(ListenCheck.examine(config.server.host, config.server.port), (finding) => [finding]),
    ProviderChecks.examine({ config, written, offline }),
    McpChecks.examine(flags, offline),
    Effect.flatMap(FilePath.Path, (paths) =>
      WorkflowChecks.examine({ directory: paths.resolve("."), config: file, workflows, offline })
    )
  ]
}

/**
 * The findings, each as soon as those before it are there. A configuration that is wrong ends them: what else there is
 * to look at depends on it.
 */
export const examine = (options: Options) => {
  const machine = [
    Effect.succeed([MachineChecks.node(process.versions.node)]),
    Effect.map(MachineChecks.sqlite, (one) => [one])
  ]
  const configured = load(options.flags).pipe(
    Effect.map((loaded) => ofLoaded(loaded, options)),
    Effect.catchAll((error) => Effect.succeed([Effect.succeed(ofMistakes(error))]))
  )
  return Stream.fromIterable(machine).pipe(
    Stream.concat(Stream.fromIterableEffect(configured)),
    Stream.mapEffect((check) => check, { concurrency: "unbounded" }),
    Stream.flattenIterables
  )
}
