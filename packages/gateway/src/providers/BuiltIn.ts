/** The providers and aliases that exist without being named in a configuration. */
import type { ProviderConfig } from "@penstock/schema/config/PenstockConfig"

/** A provider's configuration where the file says nothing. */
export const providers: { readonly [name: string]: ProviderConfig } = {
  openai: {
    protocol: "openai",
    base_url: "https://api.openai.com/v1",
    headers: {},
    key_variable: "OPENAI_API_KEY"
  },
  anthropic: {
    protocol: "anthropic",
    base_url: "https://api.anthropic.com",
    headers: {},
    key_variable: "ANTHROPIC_API_KEY"
  },
  ollama: { protocol: "ollama", base_url: "http://127.0.0.1:11434", headers: {} },
  demo: { protocol: "demo", headers: {} }
}

/** What a built-in alias stands for: the newest model of a family, or the first that the provider lists. */
export interface Alias {
  readonly provider: string
  readonly family: string | null
}

export const aliases: { readonly [name: string]: Alias } = {
  "claude-sonnet": { provider: "anthropic", family: "sonnet" },
  "claude-haiku": { provider: "anthropic", family: "haiku" },
  "claude-opus": { provider: "anthropic", family: "opus" },
  local: { provider: "ollama", family: null }
}

/** The variable that holds a provider's address, for messages. */
export const addressVariables: ReadonlyMap<string, string> = new Map([
  ["openai", "OPENAI_BASE_URL"],
  ["anthropic", "ANTHROPIC_BASE_URL"],
  ["ollama", "OLLAMA_BASE_URL"]
])
