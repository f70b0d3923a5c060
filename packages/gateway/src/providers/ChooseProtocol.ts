/**
 * Which protocol a request is sent in, to a provider that speaks several: OpenAI has chat completions and responses at
 * one address. The caller's own, whose bytes are passed through; else the one in which most of the request can be said.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import type { LowerOptions, Protocol, ProtocolId } from "../protocols/Protocol.ts"

/** What a provider speaks, the preferred one first. */
export type Spoken = readonly [Protocol, ...ReadonlyArray<Protocol>]

/** The protocol of a caller's dialect, where the provider speaks it. */
export const native = (spoken: Spoken, dialect: ProtocolId): Protocol | null =>
  spoken.find((protocol) => protocol.id === dialect) ?? null

/** How much of a request is lost in a protocol: the number of fields that it drops, or all if it refuses. */
const loss = (protocol: Protocol, request: ChatRequest, options: LowerOptions): number =>
  Either.match(protocol.lower(request, options), {
    onLeft: () => Number.POSITIVE_INFINITY,
    onRight: ({ dropped }) => dropped.length
  })

/**
 * The protocol that drops least, of equals the preferred one. This is also what brings reasoning back to its issuer: to
 * any other it would be dropped.
 */
export const fittest = (spoken: Spoken, request: ChatRequest, options: LowerOptions): Protocol => {
  const [preferred, ...others] = spoken
  if (others.length === 0) return preferred
  let best = preferred
  let least = loss(preferred, request, options)
  for (const protocol of others) {
    // Nothing can be better.
    if (least === 0) break
    const lost = loss(protocol, request, options)
    if (lost < least) [best, least] = [protocol, lost]
  }
  return best
}
