/** What each kind of provider would have sent for an answer, whole and streamed, as bytes. */
import * as AnthropicMessages from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import * as OllamaChat from "@penstock/gateway/protocols/ollama-chat/OllamaChat"
import * as OpenAiChat from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Protocol } from "@penstock/gateway/protocols/Protocol"
import type { Completion } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Wire } from "../protocols/completions.ts"
import * as Anthropic from "../protocols/anthropic-messages/render.ts"
import * as Ollama from "../protocols/ollama-chat/wire.ts"
import * as OpenAi from "../protocols/openai-chat/wire.ts"
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

export const vendors: ReadonlyArray<Vendor> = [openai, anthropic, ollama]
