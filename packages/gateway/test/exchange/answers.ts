/** What each kind of provider would have sent for an answer, whole and streamed, as bytes. */
import * as AnthropicMessages from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import * as OllamaChat from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import type { Dialect } from "@penstock/gateway/protocols/Dialect"
import * as OpenAiChat from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as OpenAiResponses from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { Frame, Protocol } from "@penstock/gateway/protocols/Protocol"
import type { Completion } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import { both, type Wire } from "../protocols/completions.ts"
import { wire as messagesWire } from "../protocols/anthropic-messages/dialect.ts"
import * as Anthropic from "../protocols/anthropic-messages/render.ts"
import * as Ollama from "../protocols/ollama-chat/wire.ts"
import * as OpenAi from "../protocols/openai-chat/wire.ts"
import * as Responses from "../protocols/openai-responses/wire.ts"
import { ndjson, sse, type SseOptions } from "../wire/bytes.ts"

export interface Vendor {
  readonly protocol: Protocol
  /** The answers that it can give and that chat completions can repeat: there, parts of a kind stand together. */
  readonly wire: Wire
  /** All that it can give: a program that reads events sees parts in any order. */
  readonly everything: Wire
  readonly whole: (completion: Completion) => Buffer
  readonly stream: (completion: Completion, events: ReadonlyArray<StreamEvent>, options: SseOptions) => Buffer
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

export const openai: Vendor = {
  protocol: OpenAiChat.protocol,
  wire: OpenAi.wire,
  everything: OpenAi.wire,
  whole: (completion) => json(OpenAiChat.dialect.write(completion, { created: 1, includeUsage: true })),
  stream: (_, events, options) => {
    const encoder = OpenAiChat.dialect.encoder({ created: 1, includeUsage: true })
    const data = OpenAi.dataOf(events.map((event) => encoder.write(event)).join(""))
    return sse(
      data.map((data) => ({ event: "", data })),
      options
    )
  }
}

export const anthropic: Vendor = {
  protocol: AnthropicMessages.protocol,
  wire: { ...Anthropic.wire, parts: ["reasoning", "text", "tool-call"], order: "grouped" },
  everything: Anthropic.wire,
  whole: (completion) => json(Anthropic.whole(completion)),
  stream: (completion, events, options) => sse(Anthropic.frames(completion, events), options)
}

export const ollama: Vendor = {
  protocol: OllamaChat.protocol,
  wire: Ollama.ollama,
  everything: Ollama.ollama,
  whole: (completion) => json(Ollama.whole(completion)),
  // NDJSON has no comments; calls that come before the text are its own oddity.
  stream: (completion, events, { comments, newline }) => ndjson(Ollama.lines(completion, events, comments), newline)
}

export const responses: Vendor = {
  protocol: OpenAiResponses.protocol,
  wire: both(Responses.wire, OpenAi.wire),
  everything: Responses.wire,
  whole: (completion) => json(OpenAiResponses.dialect.write(completion, Responses.context)),
  stream: (_, events, options) => sse(Responses.framesOf(Responses.sse(events)), options)
}

export const vendors: ReadonlyArray<Vendor> = [openai, anthropic, ollama, responses]

/** Who asks: what is written for them, and what they make of it. */
export interface Asker {
  readonly dialect: Dialect
  readonly protocol: Protocol
  /** The answers that can be told them. */
  readonly wire: Wire
  /** The request that a client would send. */
  readonly request: (more: object) => { readonly [key: string]: unknown }
  /** Whether a frame is the last of a stream that ended well. */
  readonly isLast: (frame: Frame) => boolean
}

const messages = [{ role: "user", content: "hello" }]

export const askers: ReadonlyArray<Asker> = [
  {
    ...OpenAiChat,
    wire: OpenAi.wire,
    request: (more) => ({ model: "m", messages, ...more }),
    isLast: ({ data }) => data === "[DONE]"
  },
  {
    ...AnthropicMessages,
    wire: messagesWire,
    request: (more) => ({ model: "m", max_tokens: 100, messages, ...more }),
    isLast: ({ event }) => event === "message_stop"
  },
  {
    ...OpenAiResponses,
    wire: Responses.wire,
    request: (more) => ({ model: "m", input: messages, ...more }),
    isLast: ({ event }) => event === "response.completed" || event === "response.incomplete"
  }
]
