/** `POST /v1/chat/completions`, as OpenAI's clients send it. */
import * as Envelope from "@penstock/gateway/protocols/openai-chat/Envelope"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import { wantsUsage } from "@penstock/gateway/protocols/openai-chat/PassThrough"
import * as ModelEndpoint from "./ModelEndpoint.ts"

export const make = ModelEndpoint.make({
  path: "/v1/chat/completions",
  dialect,
  protocol,
  envelope: Envelope.read,
  context: (json, created) => ({ created, includeUsage: wantsUsage(json), asked: json })
})
