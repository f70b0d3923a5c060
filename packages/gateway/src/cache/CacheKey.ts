/**
 * Which requests are the same request to the cache: those whose answer may be given to each other.
 *
 * Everything that a request says is in the key, and so is a field that nobody here knows, but for what is listed below.
 * Whose request it is and which endpoint it came to are in it too: callers do not share answers.
 */
import { hash } from "node:crypto"
import { isObject, listIn, type JsonObject } from "../wire/Json.ts"

/** Fields that are left out of the key, because no model's answer depends on them. */
const withoutEffect: ReadonlySet<string> = new Set([
  // How the answer is delivered: a kept one is given streamed or whole.
  "stream",
  "stream_options",
  // On whose behalf it is asked, for the provider's monitoring of abuse.
  "user",
  "safety_identifier",
  // What the provider notes down beside the answer.
  "metadata",
  "store",
  // How the provider's own prompt cache is used: the price, not the answer.
  "prompt_cache_key",
  "prompt_cache_retention"
])

/**
 * Whether an answer is more than its neutral form can hold (several choices, log probabilities, audio), or depends on
 * more than the request (what a search finds, what a provider's own tool does).
 */
const isBeyond = (request: JsonObject): boolean =>
  (request["n"] ?? 1) !== 1 ||
  (request["logprobs"] ?? false) !== false ||
  // Several prompts have several answers.
  Array.isArray(request["prompt"]) ||
  (request["audio"] ?? null) !== null ||
  listIn(request["modalities"]).some((modality) => modality !== "text") ||
  (request["web_search_options"] ?? null) !== null ||
  listIn(request["tools"]).some((tool) => isObject(tool) && (tool["type"] ?? "function") !== "function")

/**
 * JSON with sorted keys. Those of a schema's `properties` stay as they came: models fill them in that order, so another
 * order is another answer.
 */
const canonical = (value: unknown, inOrder = false): string => {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(",")}]`
  if (!isObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value)
  if (!inOrder) keys.sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key], key === "properties")}`).join(",")}}`
}

/** The key of a request, already parsed from JSON; null when its answer cannot be kept. */
export const make = (caller: string | null, endpoint: string, request: JsonObject): string | null => {
  if (isBeyond(request)) return null
  const asked = Object.fromEntries(Object.entries(request).filter(([name]) => !withoutEffect.has(name)))
  return hash("sha256", canonical([caller, endpoint, asked]))
}
