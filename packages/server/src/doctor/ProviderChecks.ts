/** Providers, each asked for its models: a cheap call that takes its key. */
import * as OllamaChat from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import type { Missing, Provider } from "@penstock/gateway/providers/Provider"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Settings from "@penstock/gateway/Settings"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderCheck from "../control/ProviderCheck.ts"
import { type Finding, fail, ok, warn } from "./Finding.ts"

/** Whether the file or the environment says anything about it: who wants none of Ollama has nothing to mend. */
const isWanted = (config: PenstockConfig, written: ReadonlySet<string>, { name }: Provider): boolean =>
  written.has(name) || config.providers[name]?.api_key !== undefined

const unset = (check: string, { message, setting }: Missing): Finding =>
  warn(check, `not configured: ${message}`, `Set ${setting} in the environment or in .env to use it`)

const listed = (check: string, provider: Provider, models: ReadonlyArray<string>): Finding => {
  const ollama = provider.protocol === OllamaChat.protocol
  if (models.length > 0) {
    const names = ollama ? `: ${models.slice(0, 5).join(", ")}${models.length > 5 ? ", …" : ""}` : ""
    return ok(check, `${provider.address} answers, with ${models.length} models${names}`)
  }
  return warn(
    check,
    `${provider.address} answers, and has no model`,
    ollama ? "Load one: ollama pull qwen2.5:7b-instruct" : "Name its models when you call it: provider/model"
  )
}

const asked = (check: string, wanted: boolean, { failure, models, provider }: ProviderCheck.Check): Finding => {
  if (failure === null) return listed(check, provider, models ?? [])
  if (failure.reason === "authentication") {
    return fail(check, failure.message, `Its key is refused: check it at the provider, and set it anew`)
  }
  // Where nobody listens, the message says already what to do.
  const hint = failure.reason === "unreachable" ? null : `Start it, or set ${provider.addressSetting} to where it is`
  const silent = ProviderCheck.reachable({ provider, models, failure }) === false
  if (silent) return wanted ? fail(check, failure.message, hint) : warn(check, failure.message, hint)
  // It answers, if not to this: some have no list of models.
  return warn(check, `${provider.address} answers, but tells no models: ${failure.message}`)
}

export interface Options {
  readonly config: PenstockConfig
  /** Providers that the file or the environment names. */
  readonly written: ReadonlySet<string>
  readonly offline: boolean
}

export const examine = ({ config, offline, written }: Options): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function* () {
    const registry = yield* ProviderRegistry.ProviderRegistry
    const providers = registry.all().filter(({ name }) => config.providers[name]?.protocol !== "demo")
    return yield* Effect.forEach(
      providers,
      (provider) => {
        const check = `provider ${provider.name}`
        if (provider.missing !== null) return Effect.succeed(unset(check, provider.missing))
        if (offline) return Effect.succeed(ok(check, `${provider.address}, not asked (--offline)`))
        const wanted = isWanted(config, written, provider)
        return Effect.map(ProviderCheck.check(registry, provider), (answer) => asked(check, wanted, answer))
      },
      { concurrency: "unbounded" }
    )
  }).pipe(
    Effect.provide(
      ProviderRegistry.layer.pipe(Layer.provide(HttpTransport.layer), Layer.provide(Settings.layer(config)))
    )
  )
