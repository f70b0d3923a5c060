/** The providers of the configuration, each ready to be called or with the reason why it is not. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Cache from "effect/Cache"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Settings } from "../Settings.ts"
import * as Json from "../wire/Json.ts"
import * as BuiltIn from "./BuiltIn.ts"
import { HttpTransport } from "./HttpTransport.ts"
import * as Provider from "./Provider.ts"
import { collect } from "./Transport.ts"

export interface Service {
  /** Null for a name that no provider has. */
  readonly get: (name: string) => Provider.Provider | null
  readonly all: () => ReadonlyArray<Provider.Provider>
  /**
   * The models that a provider lists now, kept for 30 s; a failure is kept for 2 s. Fails with `not_configured` or
   * `unreachable`, or with what the provider answered.
   */
  readonly models: (name: string) => Effect.Effect<ReadonlyArray<string>, GatewayError.GatewayError>
}

export class ProviderRegistry extends Context.Tag("@penstock/gateway/providers/ProviderRegistry")<
  ProviderRegistry,
  Service
>() {}

/** A provider that cannot be called, in words that say what to do. */
export const notConfigured = (provider: Provider.Provider, missing: Provider.Missing): GatewayError.GatewayError =>
  GatewayError.make(
    "not_configured",
    `Provider "${provider.name}" is not configured: ${missing.message}. Set ${missing.setting} and try again.`
  )

/** A provider that nobody answers for, in words that say what to do. */
export const unreachable = (provider: Provider.Provider, cause: GatewayError.GatewayError): GatewayError.GatewayError =>
  GatewayError.make(
    "unreachable",
    `Provider "${provider.name}" is not reachable: ${cause.message}. Start it, or set ${provider.addressSetting} to where it is.`
  )

/** One question to the provider: which models it has. */
const listModels = (provider: Provider.Provider) =>
  collect(provider.transport, {
    method: "GET",
    path: provider.protocol.modelsPath,
    headers: provider.headers,
    body: null
  }).pipe(
    Effect.mapError((error) => (error.reason === "unreachable" ? unreachable(provider, error) : error)),
    Effect.flatMap(({ body, headers, status }) => {
      const text = body.toString("utf8")
      const json = Json.parse(text) ?? text
      return status >= 200 && status < 300
        ? Effect.succeed(provider.protocol.modelNames(json))
        : Effect.fail(provider.protocol.failure(status, json, headers))
    })
  )

const make = Effect.gen(function* () {
  const settings = yield* Settings
  const http = yield* HttpTransport
  const table = settings.derive((config) => {
    const configured = Object.entries({ ...BuiltIn.providers, ...config.providers })
    return new Map(configured.map(([name, provider]) => [name, Provider.make(name, provider, http)]))
  })
  const lists = yield* Cache.makeWith({
    capacity: 256,
    // Keyed by the provider's value: a reload makes new ones, and asks anew.
    lookup: (provider: Provider.Provider) => listModels(provider),
    timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.seconds(30) : Duration.seconds(2))
  })
  const service: Service = {
    get: (name) => table().get(name) ?? null,
    all: () => [...table().values()],
    models: (name) =>
      Effect.suspend(() => {
        const provider = table().get(name)
        if (provider === undefined)
          return Effect.fail(GatewayError.make("not_found", `There is no provider "${name}".`))
        return provider.missing === null ? lists.get(provider) : Effect.fail(notConfigured(provider, provider.missing))
      })
  }
  return service
})

export const layer: Layer.Layer<ProviderRegistry, never, Settings | HttpTransport> = Layer.effect(
  ProviderRegistry,
  make
)
