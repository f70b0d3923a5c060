/**
 * `penstock.yaml`, once. `PenstockFile` is what a person may write: every key is optional. `PenstockConfig` is what is
 * in force: the file with environment, flags, built-in providers and defaults joined in. The loader, the CLI, the
 * reference documentation and the editor schema all derive from these.
 */
import * as Schema from "effect/Schema"
import { AlertsConfig } from "./Alerts.ts"
import { Endpoints } from "./Endpoints.ts"
import * as Failover from "./Failover.ts"
import { FaultConfig } from "./Fault.ts"
import { optionalWith, strictStruct } from "./Fields.ts"
import { BudgetConfig, RateConfig } from "./Limits.ts"
import { McpAccess, McpConfig } from "./Mcp.ts"
import { HttpAddress, TelemetryConfig } from "./Telemetry.ts"
import { ByteSize, DurationMillis, TimerMillis } from "./Units.ts"

const price = { description: "a price in USD per million tokens, 0 or from 0.000001 to 1000000" }

/** USD per million tokens, as price lists quote it. What is too little to count must not be taken for free. */
const UsdPerMillion = Schema.Number.pipe(
  Schema.between(0, 1_000_000, price),
  Schema.filter((usd) => usd === 0 || usd >= 1e-6, price)
)
export const ConfiguredPrice = strictStruct({
  input: Schema.propertySignature(UsdPerMillion).annotations({ description: "Of tokens that the model reads" }),
  output: Schema.propertySignature(UsdPerMillion).annotations({ description: "Of tokens that it writes" }),
  cache_read: Schema.optional(UsdPerMillion).annotations({
    description: "Of tokens read from the provider's prompt cache; as `input` where it is left out"
  }),
  cache_write: Schema.optional(UsdPerMillion).annotations({
    description: "Of tokens written into the cache; as `input` where it is left out"
  }),
  reasoning: Schema.optional(UsdPerMillion).annotations({
    description: "Of tokens that it thinks with; as `output` where it is left out"
  }),
  input_audio: Schema.optional(UsdPerMillion).annotations({
    description: "Of sound that it hears; as `input` where it is left out"
  }),
  output_audio: Schema.optional(UsdPerMillion).annotations({
    description: "Of sound that it speaks; as `output` where it is left out"
  })
}).annotations({ identifier: "Price" })
export type ConfiguredPrice = typeof ConfiguredPrice.Type

/** Long enough not to be guessed by hand. Its text appears nowhere: `Redacted` from here on. */
const Secret = Schema.Redacted(
  Schema.String.pipe(Schema.minLength(8, { description: "a string of at least 8 characters" }))
)

export const ServerConfig = strictStruct({
  host: optionalWith(Schema.NonEmptyString, () => "127.0.0.1").annotations({ description: "Address to listen on" }),
  port: optionalWith(
    Schema.Int.pipe(Schema.between(0, 65535, { description: "a port number from 0 to 65535" })),
    () => 8080
  ).annotations({
    description: "Port; 0 picks a free one"
  }),
  auth: optionalWith(Schema.Literal("none", "keys"), () => "none" as const).annotations({
    description: "keys: a virtual key is required"
  }),
  admin_key: Schema.optional(Secret).annotations({
    description: "Opens the admin API and every model; better set as PENSTOCK_ADMIN_KEY"
  }),
  max_body: optionalWith(ByteSize, () => 25 * 1024 * 1024).annotations({ description: "Largest request body" }),
  workers: optionalWith(
    Schema.Int.pipe(
      Schema.between(1, 1, {
        description: "1",
        documentation: "remove the key: one process answers all requests, this version starts no further ones"
      })
    ),
    () => 1
  ).annotations({
    description: "Worker processes; 1 for now"
  }),
  shutdown_grace: optionalWith(TimerMillis, () => 30_000).annotations({
    description: "How long running requests may take to finish on shutdown"
  })
})

/** What a provider speaks. */
export const ProviderProtocol = Schema.Literal("openai", "anthropic", "ollama", "demo")
export type ProviderProtocol = typeof ProviderProtocol.Type

const providerFields = {
  base_url: Schema.optional(HttpAddress).annotations({ description: "Where it is, version path included" }),
  api_key: Schema.optional(Schema.Redacted(Schema.String)).annotations({
    description: 'Its key, best as "${env.NAME}"'
  }),
  headers: optionalWith(
    Schema.Record({ key: Schema.String, value: Schema.Redacted(Schema.String) }),
    () => ({})
  ).annotations({ description: "Sent with each request to it" }),
  pricing: Schema.optional(ConfiguredPrice).annotations({ description: "One price for all of its models" }),
  rate: Schema.optional(RateConfig).annotations({ description: "What it takes from us, all callers together" }),
  endpoints: Schema.optional(Endpoints).annotations({
    description: "What it has, where that is less (or with `responses` more) than its protocol promises"
  }),
  embedding_batch: Schema.optional(
    Schema.Int.pipe(Schema.between(1, 100_000, { description: "a number of texts from 1 to 100000" }))
  ).annotations({ description: "The most texts of one embeddings request; more are sent in several. Default 2048" }),
  prompt_cache: Schema.optional(Schema.Boolean).annotations({
    description: "Marks conversations for Anthropic's prompt cache where the caller's words have no mark; default true"
  }),
  fault: Schema.optional(FaultConfig).annotations({ description: "Makes it fail on purpose, for rehearsals" })
}

/** A provider as the file writes it; the built-in ones know their protocol and address. */
export const ProviderFile = strictStruct({
  protocol: Schema.optional(ProviderProtocol).annotations({ description: "What it speaks" }),
  ...providerFields
})
export type ProviderFile = typeof ProviderFile.Type

export const ProviderConfig = strictStruct({
  protocol: ProviderProtocol,
  ...providerFields,
  /**
   * The environment variable that its key comes from, for messages. Without an `api_key` it is the one to set; a
   * provider that has neither needs no key.
   */
  key_variable: Schema.optional(Schema.NonEmptyString)
})
export type ProviderConfig = typeof ProviderConfig.Type

export const TargetConfig = strictStruct({
  model: Schema.propertySignature(Schema.NonEmptyString).annotations({
    description: "A model at a provider, such as openai/gpt-4o-mini, or another name of `models`"
  }),
  weight: Schema.optional(
    Schema.Number.pipe(
      Schema.positive(),
      Schema.lessThanOrEqualTo(1_000_000, { description: "a weight above 0, up to 1000000" })
    )
  ).annotations({ description: "Its share under `strategy: weighted`; default 1" }),
  capabilities: Schema.optional(Failover.Capabilities).annotations({
    description: "What it can do, where the model list does not know or is wrong"
  })
})

const Target = Schema.Union(Schema.NonEmptyString, TargetConfig).annotations({
  description: "a model name such as openai/gpt-4o-mini, or a mapping with a `model`"
})

export const ModelConfig = Schema.Union(
  Schema.NonEmptyString,
  strictStruct({
    targets: Schema.propertySignature(
      Schema.NonEmptyArray(Target).annotations({ description: "a list of at least one target" })
    ).annotations({ description: "The models behind the name, tried in the order of `strategy`" }),
    strategy: Schema.optional(Failover.Strategy).annotations({ description: "In which order they are tried" }),
    ...Failover.failoverFields
  })
).annotations({ description: "a model name such as openai/gpt-4o-mini, or a mapping with `targets`" })
export type ModelConfig = typeof ModelConfig.Type

export const RouteConfig = strictStruct({
  match: Schema.propertySignature(
    Schema.NonEmptyArray(Schema.NonEmptyString).annotations({ description: "a list of at least one pattern" })
  ).annotations({ description: "Names of models; `*` stands for any characters" }),
  provider: Schema.propertySignature(Schema.NonEmptyString).annotations({ description: "Who is asked for them" })
})
export type RouteConfig = typeof RouteConfig.Type

export const defaultRoutes: ReadonlyArray<RouteConfig> = [
  { match: ["gpt-*", "o1*", "o3*", "o4*", "chatgpt-*", "text-embedding-*"], provider: "openai" },
  {
    match: ["omni-moderation-*", "text-moderation-*", "dall-e-*", "tts-*", "whisper-*", "davinci-002", "babbage-002"],
    provider: "openai"
  },
  { match: ["claude*"], provider: "anthropic" },
  { match: ["demo/*"], provider: "demo" },
  { match: ["*"], provider: "ollama" }
]

export const PricingConfig = strictStruct({
  require: optionalWith(Schema.Boolean, () => false).annotations({
    description: "Refuse a model whose price is unknown"
  }),
  overrides: optionalWith(
    Schema.Record({ key: Schema.NonEmptyString, value: ConfiguredPrice }),
    () => ({})
  ).annotations({ description: "Prices by `provider/model`, which win over the price list" })
})

export const KeyConfig = strictStruct({
  name: Schema.propertySignature(Schema.NonEmptyString).annotations({
    description: "What the ledger calls whoever has it"
  }),
  key: Schema.propertySignature(Secret).annotations({ description: 'The secret itself, best as "${env.NAME}"' }),
  models: optionalWith(Schema.Array(Schema.NonEmptyString), () => ["*"]).annotations({
    description: "Names or patterns of the models that it may use"
  }),
  budget: Schema.optional(BudgetConfig).annotations({ description: "What it may cost" }),
  rate: Schema.optional(RateConfig).annotations({ description: "How much it may ask for" }),
  mcp: Schema.optional(McpAccess).annotations({ description: "MCP servers and tools that it may use; default all" })
})
export type KeyConfig = typeof KeyConfig.Type

/** Exact answers to exact requests. */
export const CacheConfig = strictStruct({
  enabled: optionalWith(Schema.Boolean, () => false).annotations({
    description: "Answer a request that was answered before with the same answer"
  }),
  ttl: optionalWith(DurationMillis, () => 3_600_000).annotations({ description: "How long an answer is good" }),
  max_entries: optionalWith(
    Schema.Int.pipe(Schema.between(1, 1_000_000, { description: "a number of entries from 1 to 1000000" })),
    () => 10_000
  ).annotations({ description: "The most answers that are kept, in memory" })
})
export type CacheConfig = typeof CacheConfig.Type

/** What is kept of workflows that ran. */
/** What can stand behind `secrets.` in an expression. */
const SecretName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_]\w*$/, { description: "a name of letters, digits and _ that begins with no digit" })
)

export const RunsConfig = strictStruct({
  retention: optionalWith(DurationMillis, () => 30 * 86_400_000).annotations({
    description: "How long a run that has ended is kept, with its steps and events"
  })
})

/** A host as an address has it: its port belongs to it where it is not the usual one. */
const Host = Schema.String.pipe(
  Schema.pattern(/^[^\s/?#@]+$/, {
    description: "a host such as api.example.com, localhost:8080 or *.example.com"
  })
)

export const HttpConfig = strictStruct({
  allow_hosts: optionalWith(Schema.Array(Host), () => []).annotations({
    description: "Hosts that `http` steps may reach; `*` stands for any characters, and opens no private network"
  })
})

export const LoggingConfig = strictStruct({
  level: optionalWith(
    Schema.Literal("trace", "debug", "info", "warning", "error", "none"),
    () => "info" as const
  ).annotations({ description: "The least weighty lines that are written, to stderr" }),
  bodies: optionalWith(Schema.Literal("none", "redacted", "full"), () => "none" as const).annotations({
    description: "Whether the log has what was asked and answered; redacted: its structure without its words"
  }),
  retention: optionalWith(DurationMillis, () => 30 * 86_400_000).annotations({
    description: "How long the rows of requests are kept"
  })
})

const sections = {
  server: optionalWith(ServerConfig, () => Schema.decodeSync(ServerConfig)({})).annotations({
    description: "Where Penstock listens, and whom it answers"
  }),
  database: optionalWith(Schema.NonEmptyString, () => "penstock.db").annotations({
    description: "Path of the SQLite file"
  }),
  models: optionalWith(Schema.Record({ key: Schema.String, value: ModelConfig }), () => ({})).annotations({
    description: "Names of your own and what they stand for"
  }),
  routes: optionalWith(Schema.Array(RouteConfig), () => defaultRoutes).annotations({
    description: "Which provider answers a name that `models` does not have; the first match wins"
  }),
  pricing: optionalWith(PricingConfig, () => Schema.decodeSync(PricingConfig)({})).annotations({
    description: "What models cost, where the built-in price list does not know better"
  }),
  defaults: optionalWith(Failover.FailoverConfig, () => ({})).annotations({
    description: "What happens when a target fails, for every model that does not say otherwise"
  }),
  keys: optionalWith(Schema.Array(KeyConfig), () => []).annotations({ description: "Virtual keys" }),
  budget: Schema.optional(BudgetConfig).annotations({ description: "For the whole gateway" }),
  cache: optionalWith(CacheConfig, () => Schema.decodeSync(CacheConfig)({})).annotations({
    description: "Exact answers to exact requests"
  }),
  mcp: optionalWith(McpConfig, () => Schema.decodeSync(McpConfig)({})).annotations({
    description: "Servers whose tools models and workflows may use"
  }),
  workflows: optionalWith(Schema.NonEmptyString, () => "workflows").annotations({
    description: "Folder of the workflow files"
  }),
  runs: optionalWith(RunsConfig, () => Schema.decodeSync(RunsConfig)({})).annotations({
    description: "Runs of workflows"
  }),
  http: optionalWith(HttpConfig, () => Schema.decodeSync(HttpConfig)({})).annotations({
    description: "What the http steps of workflows may reach"
  }),
  secrets: optionalWith(
    Schema.Record({ key: SecretName, value: Schema.Redacted(Schema.NonEmptyString) }),
    () => ({})
  ).annotations({
    description: "What `${secrets.NAME}` gives in what workflows send to tools and `http` hosts"
  }),
  logging: optionalWith(LoggingConfig, () => Schema.decodeSync(LoggingConfig)({})).annotations({
    description: "What is written down, and for how long"
  }),
  alerts: optionalWith(AlertsConfig, () => Schema.decodeSync(AlertsConfig)({})).annotations({
    description: "When somebody is to be told, and where"
  }),
  telemetry: optionalWith(TelemetryConfig, () => Schema.decodeSync(TelemetryConfig)({})).annotations({
    description: "What operators' own tools are told"
  })
}

const providersOf = <A, I>(provider: Schema.Schema<A, I>) =>
  optionalWith(Schema.Record({ key: Schema.String, value: provider }), () => ({})).annotations({
    description: "Where models live"
  })

export const PenstockFile = strictStruct({ ...sections, providers: providersOf(ProviderFile) })
export type PenstockFile = typeof PenstockFile.Type

export const PenstockConfig = strictStruct({ ...sections, providers: providersOf(ProviderConfig) })
export type PenstockConfig = typeof PenstockConfig.Type
