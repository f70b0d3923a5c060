/** A provider: a protocol at an address, with what authorises us there. A vendor is one of these, from configuration. */
import type { RateConfig } from "@penstock/schema/config/Limits"
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import type { ProviderConfig, ProviderProtocol } from "@penstock/schema/config/PenstockConfig"
import * as Redacted from "effect/Redacted"
import * as AnthropicMessages from "../protocols/anthropic-messages/AnthropicMessages.ts"
import * as OllamaChat from "../protocols/ollama-chat/OllamaChat.ts"
import * as OpenAiChat from "../protocols/openai-chat/OpenAiChat.ts"
import * as OpenAiResponses from "../protocols/openai-responses/OpenAiResponses.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import * as BuiltIn from "./BuiltIn.ts"
import type { Spoken } from "./ChooseProtocol.ts"
import * as Endpoints from "./Endpoints.ts"
import * as DemoTransport from "./demo/DemoTransport.ts"
import * as FaultTransport from "./faults/FaultTransport.ts"
import type * as HttpTransport from "./HttpTransport.ts"
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
  /** The preferred one of those that it speaks. */
  readonly protocol: Protocol
  readonly spoken: Spoken
  /** What can be asked of it. */
  readonly endpoints: ReadonlySet<EndpointName>
  /** The most texts that it takes in one embeddings request. */
  readonly embeddingBatch: number
  readonly transport: Transport
  /** Where it is, for messages: the base URL without credentials, or "in this process". */
  readonly address: string
  /** What to change when nobody answers there: `OLLAMA_BASE_URL`, or `providers.mock.base_url`. */
  readonly addressSetting: string
  /** Headers of every request to it, key included. They never leave this value. */
  readonly headers: { readonly [name: string]: string }
  /** Whether conversations are marked for its prompt cache, where that has to be asked for. */
  readonly cachePrompt: boolean
  /** What it takes from us. */
  readonly rate?: RateConfig | undefined
  /** Null when it can be called. */
  readonly missing: Missing | null
}

/** The demo provider speaks OpenAI's wire format. */
const protocols: { readonly [P in ProviderProtocol]: Protocol } = {
  openai: OpenAiChat.protocol,
  anthropic: AnthropicMessages.protocol,
  ollama: OllamaChat.protocol,
  demo: OpenAiChat.protocol
}

/** OpenAI's own limit, and that of those who copied it and did not think of another. */
const defaultBatch = 2048

const spokenBy = (protocol: Protocol, endpoints: ReadonlySet<EndpointName>): Spoken => {
  if (!endpoints.has("responses")) return [protocol]
  return endpoints.has("chat") ? [protocol, OpenAiResponses.protocol] : [OpenAiResponses.protocol]
}

/** The provider, spoken to in another of its protocols. */
export const speaking = (provider: Provider, protocol: Protocol): Provider =>
  protocol === provider.protocol ? provider : { ...provider, protocol }

/** A base URL as the protocol wants it. People give Anthropic's and Ollama's with and without `/v1`: both are meant. */
const baseUrl = (protocol: ProviderProtocol, url: string): string => {
  const trimmed = url.replace(/\/+$/, "")
  return protocol === "openai" ? trimmed : trimmed.replace(/\/(v1|api)$/, "")
}

const withoutCredentials = (url: string): string => {
  const parsed = new URL(url)
  return parsed.origin + parsed.pathname.replace(/\/+$/, "")
}

const missing = (name: string, config: ProviderConfig): Missing | null => {
  if (config.protocol === "demo") return null
  if (config.base_url === undefined) {
    const setting = `providers.${name}.base_url`
    return { setting, message: `${setting} is not set` }
  }
  if (config.key_variable !== undefined && config.api_key === undefined) {
    return { setting: config.key_variable, message: `${config.key_variable} is not set` }
  }
  return null
}

export const make = (name: string, config: ProviderConfig, http: HttpTransport.Service): Provider => {
  const endpoints = Endpoints.of(name, config)
  const spoken = spokenBy(protocols[config.protocol], endpoints)
  const [protocol] = spoken
  const key = config.api_key === undefined ? null : Redacted.value(config.api_key)
  const url = config.base_url === undefined ? null : baseUrl(config.protocol, config.base_url)
  const transport = url === null ? DemoTransport.make : http.to(url)
  const headers: Record<string, string> = { "content-type": "application/json", ...protocol.authorize(key) }
  for (const [header, value] of Object.entries(config.headers)) headers[header.toLowerCase()] = Redacted.value(value)
  return {
    name,
    protocol,
    spoken,
    endpoints,
    embeddingBatch: config.embedding_batch ?? defaultBatch,
    transport: config.fault === undefined ? transport : FaultTransport.make(transport, protocol, config.fault),
    address: url === null ? "in this process" : withoutCredentials(url),
    addressSetting: BuiltIn.addressVariables.get(name) ?? `providers.${name}.base_url`,
    headers,
    cachePrompt: config.prompt_cache ?? true,
    rate: config.rate,
    missing: missing(name, config)
  }
}
