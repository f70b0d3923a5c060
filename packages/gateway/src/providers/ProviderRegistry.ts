/** The providers of the configuration, each ready to be called or with the reason why it is not. */
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Protocol } from "../protocols/Protocol.ts"
import type { Transport } from "./Transport.ts"

/** What stands between a provider and its use. */
export interface Missing {
  /** The environment variable or configuration key to set: `OPENAI_API_KEY`. */
  readonly setting: string
  /** For a person: "OPENAI_API_KEY is not set". */
  readonly message: string
}

export interface Provider {
  readonly name: string
  readonly protocol: Protocol
  readonly transport: Transport
  /** Where it is, for messages: the base URL without credentials, or "in this process". */
  readonly address: string
  /** Headers of every request to it, key included. They never leave this value. */
  readonly headers: { readonly [name: string]: string }
  /** Null when it can be called. */
  readonly missing: Missing | null
}

export interface Service {
  /** Null for a name that no provider has. */
  readonly get: (name: string) => Provider | null
  readonly all: () => ReadonlyArray<Provider>
  /**
   * The models that a provider lists now, kept for 30 s. Fails with `not_configured` or `unreachable`, or with what the
   * provider answered.
   */
  readonly models: (name: string) => Effect.Effect<ReadonlyArray<string>, GatewayError>
}

export class ProviderRegistry extends Context.Tag("@penstock/gateway/providers/ProviderRegistry")<
  ProviderRegistry,
  Service
>() {}
