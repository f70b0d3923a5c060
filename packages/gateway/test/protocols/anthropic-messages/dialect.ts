/** What a client of the Messages API is sent, and what it makes of it. */
import { dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import type { Frame } from "@penstock/gateway/protocols/Protocol"
import * as Framing from "@penstock/gateway/wire/Framing"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Wire } from "../completions.ts"
import { wire as provided } from "./render.ts"

export const context = { created: 1_700_000_000, includeUsage: false }

/**
 * What a message can express. A refusal ends it and is no part of it; counts are always there; reasoning may be
 * anybody's.
 */
export const wire: Wire = {
  ...provided,
  reasoning: { ...provided.reasoning, signed: ["anthropic-messages", "openai-chat", "openai-responses"] },
  usageOptional: false
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

/** The events that a client reads; `malformed` for a frame that it cannot. */
export const readBack = (text: string): ReadonlyArray<StreamEvent | "malformed"> => {
  const decoder = protocol.decoder()
  const steps = framesOf(text).flatMap((frame): ReadonlyArray<StreamEvent | "malformed"> => {
    const step = decoder.step(frame)
    return step === "malformed" ? [step] : step
  })
  return [...steps, ...decoder.end()]
}
