/** What a client of the Responses API is sent, and what it makes of it. */
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import type { Frame } from "@penstock/gateway/protocols/Protocol"
import * as Framing from "@penstock/gateway/wire/Framing"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import type { Wire } from "../completions.ts"

export const context = { created: 1_700_000_000, includeUsage: false }

/** What a response can express. */
export const wire: Wire = {
  parts: ["reasoning", "text", "refusal", "tool-call"],
  order: "any",
  reasoning: { max: 3, signed: ["openai-responses", "anthropic-messages", "openai-chat"], unsigned: true },
  arguments: "text",
  finishReasons: ["stop", "length", "tool_calls", "content_filter"],
  stopSequence: false,
  buckets: ["input", "cacheRead", "cacheWrite5m", "output", "reasoning"],
  usageOptional: true
}

/** The stream that events amount to. */
export const sse = (events: Iterable<StreamEvent>): string => {
  const encoder = dialect.encoder(context)
  return [...events].map((event) => encoder.write(event)).join("")
}

export const framesOf = (text: string): ReadonlyArray<Frame> =>
  Framing.make("sse")
    .push(Buffer.from(text))
    .flatMap((raw) => Framing.parse("sse", raw) ?? [])

/** The data of each event. */
export const dataOf = (text: string) => framesOf(text).map(({ data }) => JSON.parse(data))

/** Decodes a stream that ended well. */
export const decodeStream = (data: ReadonlyArray<string>) => {
  const decoder = protocol.decoder()
  const events: Array<StreamEvent> = []
  let malformed = 0
  for (const each of data) {
    const step = decoder.step({ event: "", data: each })
    if (step === "malformed") malformed += 1
    else events.push(...step)
  }
  events.push(...decoder.end())
  return { events, malformed, completion: fold(events) }
}

export const decodeText = (text: string) => decodeStream(framesOf(text).map(({ data }) => data))
