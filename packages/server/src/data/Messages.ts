/** `POST /v1/messages`, as Anthropic's clients send it. */
import { dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import * as Envelope from "@penstock/gateway/protocols/anthropic-messages/Envelope"
import type { IncomingHttpHeaders } from "node:http"
import * as ModelEndpoint from "./ModelEndpoint.ts"

const meaningful = ["anthropic-version", "anthropic-beta"] as const

/** A version that nobody gave is the provider's, and a beta is on only where the caller asks for it. */
export const headers = (received: IncomingHttpHeaders): { readonly [name: string]: string } =>
  Object.fromEntries(
    meaningful.flatMap((name) => (received[name] === undefined ? [] : [[name, String(received[name])] as const]))
  )

export const make = ModelEndpoint.make({
  path: "/v1/messages",
  dialect,
  protocol,
  envelope: Envelope.read,
  // Counts come with every stream, unasked.
  context: (_, created) => ({ created, includeUsage: true }),
  headers
})
