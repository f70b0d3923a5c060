/** Canned bytes in, events out. */
import { protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Completion } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import type { Wire } from "../completions.ts"

/** What chat completions can express. */
export const wire: Wire = {
  parts: ["reasoning", "text", "refusal", "tool-call"],
  order: "grouped",
  reasoning: { max: 3, signed: ["anthropic-messages", "openai-chat"], unsigned: true },
  arguments: "text",
  finishReasons: ["stop", "length", "tool_calls", "content_filter"],
  stopSequence: true,
  buckets: ["input", "cacheRead", "cacheWrite5m", "inputAudio", "output", "reasoning", "outputAudio"],
  usageOptional: true
}

/** The data of each event in a text of SSE as we write it. */
export const dataOf = (sse: string): ReadonlyArray<string> =>
  sse
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""))

export interface Decoded {
  readonly events: ReadonlyArray<StreamEvent>
  readonly malformed: number
  readonly completion: Completion | null
}

/** Decodes a stream that ended well. */
export const decodeStream = (data: ReadonlyArray<string>): Decoded => {
  const decoder = protocol.decoder()
  const events: Array<StreamEvent> = []
  let malformed = 0
  for (const each of data) {
    const result = decoder.step({ event: "", data: each })
    if (result === "malformed") malformed++
    else events.push(...result)
  }
  events.push(...decoder.end())
  return { events, malformed, completion: fold(events) }
}

/** Decodes chunks given as deltas of the only choice, then `finish_reason: stop`. */
export const decodeDeltas = (...deltas: ReadonlyArray<unknown>): Decoded =>
  decodeStream([
    ...deltas.map((delta) => JSON.stringify({ id: "a", model: "m", choices: [{ index: 0, delta }] })),
    JSON.stringify({ id: "a", model: "m", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })
  ])
