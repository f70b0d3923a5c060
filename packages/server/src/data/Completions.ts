/** `POST /v1/completions`, as OpenAI's clients sent it before there were conversations. */
import * as Envelope from "@penstock/gateway/protocols/openai-completions/Envelope"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-completions/OpenAiCompletions"
import { wantsUsage } from "@penstock/gateway/protocols/openai-chat/PassThrough"
import * as ModelEndpoint from "./ModelEndpoint.ts"

export const make = ModelEndpoint.make({
  path: "/v1/completions",
  dialect,
  protocol,
  asks: "completions",
  envelope: Envelope.read,
  demand: Envelope.demand,
  // No conversation is ever said in it: it is not among what a provider speaks.
  native: ({ endpoints }) => (endpoints.has("completions") ? protocol : null),
  context: (json, created) => ({ created, includeUsage: wantsUsage(json) })
})
