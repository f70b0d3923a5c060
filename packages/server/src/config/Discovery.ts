/** What a machine has already: keys in the environment, and an Ollama that runs. For a configuration to begin with. */
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Settings from "@penstock/gateway/Settings"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ProviderCheck from "../control/ProviderCheck.ts"
import * as ConfigLoader from "./ConfigLoader.ts"
import * as Environment from "./Environment.ts"
import * as Overrides from "./Overrides.ts"

export interface Vendor {
  readonly name: string
  /** Of its key. */
  readonly variable: string
  /** Null for those that are built in. */
  readonly baseUrl: string | null
}

/** Who is looked for. All but the built-in ones speak OpenAI's protocol. */
export const vendors: ReadonlyArray<Vendor> = [
  { name: "openai", variable: "OPENAI_API_KEY", baseUrl: null },
  { name: "anthropic", variable: "ANTHROPIC_API_KEY", baseUrl: null },
  { name: "openrouter", variable: "OPENROUTER_API_KEY", baseUrl: "https://openrouter.ai/api/v1" },
  { name: "groq", variable: "GROQ_API_KEY", baseUrl: "https://api.groq.com/openai/v1" },
  { name: "mistral", variable: "MISTRAL_API_KEY", baseUrl: "https://api.mistral.ai/v1" },
  { name: "deepseek", variable: "DEEPSEEK_API_KEY", baseUrl: "https://api.deepseek.com/v1" },
  { name: "xai", variable: "XAI_API_KEY", baseUrl: "https://api.x.ai/v1" }
]

export interface Found {
  /** Those whose keys are set. Nobody is asked whether they are good. */
  readonly vendors: ReadonlyArray<Vendor>
  /** The models of Ollama; null where none answers. */
  readonly ollama: ReadonlyArray<string> | null
  /** Whether a variable is set, of those that were looked for. */
  readonly isSet: (name: string) => boolean
}

const noFlags = {
  config: Option.none(),
  host: Option.none(),
  port: Option.none(),
  database: Option.none(),
  workflows: Option.none(),
  insecure: true
}

const ollamaModels = (environment: Environment.Environment) =>
  Effect.gen(function* () {
    const { config } = yield* ConfigLoader.assemble(null, environment, noFlags)
    const layer = ProviderRegistry.layer.pipe(Layer.provide(HttpTransport.layer), Layer.provide(Settings.layer(config)))
    return yield* Effect.gen(function* () {
      const registry = yield* ProviderRegistry.ProviderRegistry
      const ollama = registry.get("ollama")
      return ollama === null ? null : (yield* ProviderCheck.check(registry, ollama)).models
    }).pipe(Effect.provide(layer))
    // A variable that is wrong is told by the first command that needs it.
  }).pipe(Effect.orElseSucceed(() => null))

/** `more`: variables beside those of vendors that `isSet` is to know. */
export const discover = Effect.fn("Discovery.discover")(function* (directory: string, more: ReadonlyArray<string>) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* FilePath.Path
  const text = yield* Effect.option(files.readFileString(paths.resolve(directory, ".env")))
  const environment = yield* Environment.read(
    [...Overrides.variables, ...vendors.map(({ variable: name }) => ({ name }))].map(({ name }) => name).concat(more),
    Option.isNone(text) ? null : { name: ".env", text: text.value }
  )
  const isSet = (name: string): boolean => environment.get(name) !== undefined
  const found: Found = {
    vendors: vendors.filter(({ variable }) => isSet(variable)),
    ollama: yield* ollamaModels(environment),
    isSet
  }
  return found
})
