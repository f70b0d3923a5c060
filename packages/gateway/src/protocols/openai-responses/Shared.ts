/** Fields of `extra` that chat completions and responses know by the same name. */
const fields: ReadonlySet<string> = new Set([
  "metadata",
  "moderation",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  // At the top here, and part of `text` there.
  "verbosity"
])

export const isShared = (name: string): boolean => fields.has(name)
