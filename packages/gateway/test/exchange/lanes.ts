/** The way of a client's request to a provider and back, as a server would choose it. */
import type { Lane } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import type { Provider } from "@penstock/gateway/providers/Provider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Asker, Vendor } from "./answers.ts"

export const providerOf = ({ protocol }: Vendor): Provider => ({
  name: "somebody",
  protocol,
  spoken: [protocol],
  endpoints: new Set(["chat"]),
  embeddingBatch: 2048,
  transport: { exchange: () => Effect.void },
  address: "in this test",
  addressSetting: "none",
  cachePrompt: false,
  headers: {},
  missing: null
})
export const facts = { contextWindow: null, maxOutputTokens: null }

/** The way that a server would choose: the same wire is passed through. */
export const laneOf = (asker: Asker, vendor: Vendor, stream: boolean, includeUsage: boolean): Lane<Uint8Array> => {
  const { dialect } = asker
  const context = { created: 7, includeUsage }
  const options = dialect.id === "openai-chat" ? { stream_options: { include_usage: includeUsage } } : {}
  const json = asker.request({ stream, ...options })
  const original = { bytes: Buffer.from(JSON.stringify(json)), json }
  return dialect.id === vendor.protocol.id
    ? Lanes.passThrough(dialect, providerOf(vendor), "m", original, context)
    : Either.getOrThrow(
        Either.flatMap(dialect.read(json), (request) =>
          Lanes.translated(dialect, providerOf(vendor), "m", request, facts, context)
        )
      )
}
