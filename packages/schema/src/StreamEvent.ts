/**
 * A streamed answer in no provider's words.
 *
 * Parts are opened, filled and closed by `index`, which counts up from 0 in order of opening. Several tool calls may be
 * open at once (OpenAI interleaves them). The law that every protocol keeps: `fold(events of the stream)` equals the
 * `Completion` of the same answer sent whole.
 */
import type { AssistantPart } from "./ChatRequest.ts"
import type { Completion, FinishReason } from "./Completion.ts"
import type { GatewayError } from "./GatewayError.ts"
import type { Usage } from "./Usage.ts"

export type StreamEvent =
  /** First of all. */
  | { readonly type: "start"; readonly id: string; readonly model: string }
  | { readonly type: "text-start"; readonly index: number }
  | { readonly type: "text-delta"; readonly index: number; readonly text: string }
  | { readonly type: "text-end"; readonly index: number }
  | { readonly type: "refusal-start"; readonly index: number }
  | { readonly type: "refusal-delta"; readonly index: number; readonly text: string }
  | { readonly type: "refusal-end"; readonly index: number }
  | { readonly type: "reasoning-start"; readonly index: number; readonly redacted?: boolean }
  | { readonly type: "reasoning-delta"; readonly index: number; readonly text: string }
  /** The signature is whole, and comes with the protocol that issued it. */
  | { readonly type: "reasoning-end"; readonly index: number; readonly signature?: string; readonly issuer?: string }
  | { readonly type: "tool-call-start"; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: "tool-call-delta"; readonly index: number; readonly arguments: string }
  | { readonly type: "tool-call-end"; readonly index: number }
  /** Replaces any usage seen before: counts are totals, never increments. */
  | { readonly type: "usage"; readonly usage: Usage }
  /** The provider's terminal event. Without it a stream was cut. */
  | { readonly type: "finish"; readonly reason: FinishReason; readonly stopSequence?: string }
  /** The provider broke off and said why, in its protocol's words. */
  | { readonly type: "error"; readonly error: GatewayError }

const opened = (event: StreamEvent): AssistantPart | undefined => {
  switch (event.type) {
    case "text-start":
      return { type: "text", text: "" }
    case "refusal-start":
      return { type: "refusal", text: "" }
    case "reasoning-start":
      return { type: "reasoning", text: "", ...(event.redacted === true ? { redacted: true } : {}) }
    case "tool-call-start":
      return { type: "tool-call", id: event.id, name: event.name, arguments: "" }
    default:
      return undefined
  }
}

/** The part after one more event of its own. */
const filled = (part: AssistantPart, event: StreamEvent): AssistantPart => {
  switch (event.type) {
    case "text-delta":
    case "refusal-delta":
    case "reasoning-delta":
      return part.type === "tool-call" ? part : { ...part, text: part.text + event.text }
    case "tool-call-delta":
      return part.type === "tool-call" ? { ...part, arguments: part.arguments + event.arguments } : part
    case "reasoning-end":
      return part.type === "reasoning"
        ? {
            ...part,
            ...(event.signature === undefined ? {} : { signature: event.signature }),
            ...(event.issuer === undefined ? {} : { issuer: event.issuer })
          }
        : part
    default:
      return part
  }
}

/** What a stream amounts to; `null` when it holds no `finish`, which is to say that it was cut. */
export const fold = (events: Iterable<StreamEvent>): Completion | null => {
  let id = ""
  let model = ""
  let usage: Usage | null = null
  let finish: Extract<StreamEvent, { type: "finish" }> | null = null
  const parts = new Map<number, AssistantPart>()
  for (const event of events) {
    switch (event.type) {
      case "start":
        id = event.id
        model = event.model
        break
      case "usage":
        usage = event.usage
        break
      case "finish":
        finish = event
        break
      case "error":
        return null
      default: {
        const part = parts.get(event.index) ?? opened(event)
        if (part !== undefined) parts.set(event.index, filled(part, event))
      }
    }
  }
  if (finish === null) return null
  return {
    id,
    model,
    content: [...parts.entries()].toSorted(([a], [b]) => a - b).map(([, part]) => part),
    finishReason: finish.reason,
    ...(finish.stopSequence === undefined ? {} : { stopSequence: finish.stopSequence }),
    usage
  }
}

/** The events of a whole answer: `fold(unfold(c))` is `c`. */
export const unfold = function* (completion: Completion): Generator<StreamEvent> {
  yield { type: "start", id: completion.id, model: completion.model }
  for (const [index, part] of completion.content.entries()) {
    switch (part.type) {
      case "text":
        yield { type: "text-start", index }
        yield { type: "text-delta", index, text: part.text }
        yield { type: "text-end", index }
        break
      case "refusal":
        yield { type: "refusal-start", index }
        yield { type: "refusal-delta", index, text: part.text }
        yield { type: "refusal-end", index }
        break
      case "reasoning":
        yield { type: "reasoning-start", index, ...(part.redacted === true ? { redacted: true } : {}) }
        yield { type: "reasoning-delta", index, text: part.text }
        yield {
          type: "reasoning-end",
          index,
          ...(part.signature === undefined ? {} : { signature: part.signature }),
          ...(part.issuer === undefined ? {} : { issuer: part.issuer })
        }
        break
      case "tool-call":
        yield { type: "tool-call-start", index, id: part.id, name: part.name }
        yield { type: "tool-call-delta", index, arguments: part.arguments }
        yield { type: "tool-call-end", index }
        break
    }
  }
  if (completion.usage !== null) yield { type: "usage", usage: completion.usage }
  yield {
    type: "finish",
    reason: completion.finishReason,
    ...(completion.stopSequence === undefined ? {} : { stopSequence: completion.stopSequence })
  }
}
