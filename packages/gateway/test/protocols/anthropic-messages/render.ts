/** An answer as Anthropic would have sent it, whole and streamed. Test-side: the product's own writer is tested against it. */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion, FinishReason } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Usage } from "@penstock/schema/Usage"
import type { Frame } from "@penstock/gateway/protocols/Protocol"
import type { Wire } from "../completions.ts"

export const wire: Wire = {
  parts: ["text", "reasoning", "tool-call"],
  order: "any",
  reasoning: { max: 3, signed: ["anthropic-messages"], unsigned: true },
  arguments: "object",
  finishReasons: ["stop", "length", "tool_calls", "content_filter"],
  stopSequence: true,
  buckets: ["input", "cacheRead", "cacheWrite5m", "cacheWrite1h", "output", "reasoning"],
  usageOptional: true
}

const words: { readonly [R in FinishReason]: string } = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal"
}

const stopReason = (completion: Completion): string =>
  completion.stopSequence === undefined ? words[completion.finishReason] : "stop_sequence"

const usage = (usage: Usage | null) =>
  usage === null
    ? {}
    : {
        usage: {
          input_tokens: usage.input,
          cache_read_input_tokens: usage.cacheRead,
          cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
          cache_creation: {
            ephemeral_5m_input_tokens: usage.cacheWrite5m,
            ephemeral_1h_input_tokens: usage.cacheWrite1h
          },
          output_tokens: usage.completionTokens,
          output_tokens_details: { thinking_tokens: usage.reasoning }
        }
      }

const block = (part: AssistantPart) => {
  switch (part.type) {
    case "text":
    case "refusal":
      return { type: "text", text: part.text, citations: null }
    case "reasoning":
      return part.redacted === true
        ? { type: "redacted_thinking", data: part.signature }
        : { type: "thinking", thinking: part.text, signature: part.signature ?? "" }
    case "tool-call":
      return { type: "tool_use", id: part.id, name: part.name, input: JSON.parse(part.arguments) }
  }
}

export const whole = (completion: Completion) => ({
  id: completion.id,
  type: "message",
  role: "assistant",
  model: completion.model,
  content: completion.content.map(block),
  stop_reason: stopReason(completion),
  stop_sequence: completion.stopSequence ?? null,
  ...usage(completion.usage)
})

export const frame = (data: { readonly type: string; readonly [key: string]: unknown }): Frame => ({
  event: data.type,
  data: JSON.stringify(data)
})

const empty = (part: AssistantPart) => {
  switch (part.type) {
    case "text":
    case "refusal":
      return { type: "text", text: "" }
    case "reasoning":
      return part.redacted === true ? block(part) : { type: "thinking", thinking: "", signature: "" }
    case "tool-call":
      return { type: "tool_use", id: part.id, name: part.name, input: {} }
  }
}

/** The events of an answer as the frames that would have caused them. */
export const frames = (completion: Completion, events: ReadonlyArray<StreamEvent>): ReadonlyArray<Frame> =>
  events.flatMap((event): ReadonlyArray<Frame> => {
    switch (event.type) {
      case "start": {
        const first = whole({ ...completion, content: [], usage: null })
        return [frame({ type: "message_start", message: { ...first, stop_reason: null, stop_sequence: null } })]
      }
      case "text-start":
      case "refusal-start":
      case "reasoning-start":
      case "tool-call-start": {
        const start = { index: event.index, content_block: empty(completion.content[event.index]!) }
        return [frame({ type: "content_block_start", ...start }), frame({ type: "ping" })]
      }
      case "text-delta":
      case "refusal-delta":
        return [delta(event.index, { type: "text_delta", text: event.text })]
      case "reasoning-delta":
        return [delta(event.index, { type: "thinking_delta", thinking: event.text })]
      case "tool-call-delta":
        // Anthropic streams nothing for a call without arguments.
        return [
          delta(event.index, {
            type: "input_json_delta",
            partial_json: event.arguments === "{}" ? "" : event.arguments
          })
        ]
      case "reasoning-end": {
        const part = completion.content[event.index]
        const signed = event.signature !== undefined && part?.type === "reasoning" && part.redacted !== true
        return [
          ...(signed ? [delta(event.index, { type: "signature_delta", signature: event.signature })] : []),
          frame({ type: "content_block_stop", index: event.index })
        ]
      }
      case "text-end":
      case "refusal-end":
      case "tool-call-end":
        return [frame({ type: "content_block_stop", index: event.index })]
      case "finish":
        return [
          frame({
            type: "message_delta",
            delta: { stop_reason: stopReason(completion), stop_sequence: completion.stopSequence ?? null },
            ...usage(completion.usage)
          }),
          frame({ type: "message_stop" })
        ]
      default:
        return []
    }
  })

const delta = (index: number, change: { readonly [key: string]: unknown }): Frame =>
  frame({ type: "content_block_delta", index, delta: change })

/** The frames as bytes, with a comment between, cut where the seeds say: inside UTF-8 and inside `data:` too. */
export const chunks = (
  all: ReadonlyArray<Frame>,
  seeds: ReadonlyArray<number>,
  newline: "\n" | "\r\n"
): ReadonlyArray<Uint8Array> => {
  const events = all.map(({ event, data }) => [`event: ${event}`, `data: ${data}`, "", ""].join(newline))
  const bytes = new TextEncoder().encode(events.join(`: keep-alive${newline}${newline}`))
  const marks = [...new Set(seeds.map((seed) => seed % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...marks].map((from, position) => bytes.subarray(from, marks[position] ?? bytes.length))
}
