/**
 * `penstock.yaml`, once: every key is optional in the file and present after decoding. The loader, the CLI, the
 * reference documentation and the editor schema all derive from this.
 */
import * as Schema from "effect/Schema"
import { ByteSize, DurationMillis } from "./Units.ts"

const strictStruct = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotations({ parseOptions: { onExcessProperty: "error" } })

const optionalWith = <A, I>(schema: Schema.Schema<A, I>, value: () => A) =>
  Schema.optionalWith(schema, { default: value })

/** USD per million tokens, as price lists quote it. */
const UsdPerMillion = Schema.Number.pipe(Schema.nonNegative(), Schema.lessThanOrEqualTo(1_000_000))
export const ConfiguredPrice = strictStruct({
  input: UsdPerMillion,
  output: UsdPerMillion,
  cache_read: Schema.optional(UsdPerMillion),
  cache_write: Schema.optional(UsdPerMillion),
  reasoning: Schema.optional(UsdPerMillion),
  input_audio: Schema.optional(UsdPerMillion),
  output_audio: Schema.optional(UsdPerMillion)
}).annotations({ identifier: "Price", description: "USD per million tokens" })
export type ConfiguredPrice = typeof ConfiguredPrice.Type

export const ServerConfig = strictStruct({
  host: optionalWith(Schema.NonEmptyString, () => "127.0.0.1").annotations({ description: "Address to listen on" }),
  port: optionalWith(Schema.Int.pipe(Schema.between(0, 65535)), () => 8080).annotations({
    description: "Port; 0 picks a free one"
  }),
  auth: optionalWith(Schema.Literal("none", "keys"), () => "none" as const).annotations({
    description: "keys: a virtual key is required"
  }),
  max_body: optionalWith(ByteSize, () => 25 * 1024 * 1024).annotations({ description: "Largest request body" }),
  workers: optionalWith(Schema.Int.pipe(Schema.between(1, 1)), () => 1).annotations({
    description: "Worker processes; 1 for now"
  }),
  shutdown_grace: optionalWith(DurationMillis, () => 30_000).annotations({
    description: "How long running requests may take to finish on shutdown"
  })
})

/** What a provider speaks. */
export const ProviderProtocol = Schema.Literal("openai", "anthropic", "ollama", "demo")
export type ProviderProtocol = typeof ProviderProtocol.Type

export const ProviderConfig = strictStruct({
  protocol: ProviderProtocol,
  base_url: Schema.optional(
    Schema.String.pipe(
      Schema.pattern(/^https?:\/\/[^\s]+$/, { message: () => "expected an http:// or https:// address" })
    )
  ),
  api_key: Schema.optional(Schema.Redacted(Schema.String)),
  headers: optionalWith(Schema.Record({ key: Schema.String, value: Schema.Redacted(Schema.String) }), () => ({})),
  pricing: Schema.optional(ConfiguredPrice)
})
export type ProviderConfig = typeof ProviderConfig.Type

export const TargetConfig = strictStruct({
  model: Schema.NonEmptyString,
  weight: Schema.optional(Schema.Number.pipe(Schema.positive())),
  capabilities: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Boolean }))
})

export const ModelConfig = Schema.Union(
  Schema.NonEmptyString,
  strictStruct({ targets: Schema.NonEmptyArray(Schema.Union(Schema.NonEmptyString, TargetConfig)) })
)
export type ModelConfig = typeof ModelConfig.Type

export const RouteConfig = strictStruct({
  match: Schema.NonEmptyArray(Schema.NonEmptyString),
  provider: Schema.NonEmptyString
})
export type RouteConfig = typeof RouteConfig.Type

export const defaultRoutes: ReadonlyArray<RouteConfig> = [
  { match: ["gpt-*", "o1*", "o3*", "o4*", "chatgpt-*", "text-embedding-*"], provider: "openai" },
  { match: ["claude*"], provider: "anthropic" },
  { match: ["demo/*"], provider: "demo" },
  { match: ["*"], provider: "ollama" }
]

export const PricingConfig = strictStruct({
  require: optionalWith(Schema.Boolean, () => false),
  overrides: optionalWith(Schema.Record({ key: Schema.NonEmptyString, value: ConfiguredPrice }), () => ({}))
})

export const KeyConfig = strictStruct({
  name: Schema.NonEmptyString,
  key: Schema.Redacted(Schema.String.pipe(Schema.minLength(8))),
  models: optionalWith(Schema.Array(Schema.NonEmptyString), () => ["*"])
})
export type KeyConfig = typeof KeyConfig.Type

export const LoggingConfig = strictStruct({
  level: optionalWith(Schema.Literal("trace", "debug", "info", "warning", "error", "none"), () => "info" as const),
  bodies: optionalWith(Schema.Literal("none", "redacted", "full"), () => "none" as const),
  retention: optionalWith(DurationMillis, () => 30 * 86_400_000)
})

export const PenstockConfig = strictStruct({
  server: optionalWith(ServerConfig, () => Schema.decodeSync(ServerConfig)({})),
  database: optionalWith(Schema.NonEmptyString, () => "penstock.db"),
  providers: optionalWith(Schema.Record({ key: Schema.String, value: ProviderConfig }), () => ({})),
  models: optionalWith(Schema.Record({ key: Schema.String, value: ModelConfig }), () => ({})),
  routes: optionalWith(Schema.Array(RouteConfig), () => defaultRoutes),
  pricing: optionalWith(PricingConfig, () => Schema.decodeSync(PricingConfig)({})),
  keys: optionalWith(Schema.Array(KeyConfig), () => []),
  workflows: optionalWith(Schema.NonEmptyString, () => "workflows"),
  logging: optionalWith(LoggingConfig, () => Schema.decodeSync(LoggingConfig)({}))
})
export type PenstockConfig = typeof PenstockConfig.Type
