/** A streamed `message`, event by event. */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Decoder, Frame } from "../Protocol.ts"
import * as Failure from "./ClassifyFailure.ts"
import * as Content from "./Content.ts"
import * as Issuer from "../Issuer.ts"
import * as FinishReason from "./FinishReason.ts"
import { isObject, type JsonObject, numberIn, objectIn, parse, stringIn } from "../../wire/Json.ts"
import * as Usage from "./Usage.ts"

/** A block that has been started and not stopped; `part` is its index in the neutral answer. */
type Open =
  | { readonly type: "text" | "redacted"; readonly part: number }
  | { readonly type: "thinking"; readonly part: number; signature: string }
  /** `written`: some arguments have come. Without any, the input of the start is the whole. */
  | { readonly type: "tool-call" | "answer"; readonly part: number; readonly input: JsonObject; written: boolean }
  | { readonly type: "skipped" }

type Events = ReadonlyArray<StreamEvent>

const none: Events = []
const skipped: Open = { type: "skipped" }

/** How a message that was started anew in the middle is told: what was sent of the first cannot be taken back. */
const restarted: StreamEvent = {
  type: "error",
  error: GatewayError.make(
    "invalid_response",
    "The provider broke off its answer and began another one in the same stream.",
    { code: "restarted" }
  )
}

export const decoder = (): Decoder => {
  const open = new Map<number, Open>()
  let phase: "before" | "inside" | "over" = "before"
  let id = ""
  let parts = 0
  let toolCalls = false
  let usage: JsonObject = {}
  let stopReason: string | null = null
  let stopSequence: string | null = null

  const start = (event: JsonObject): Events | "malformed" => {
    const message = event["message"]
    if (!isObject(message)) return "malformed"
    const next = stringIn(message["id"])
    // Some gateways send the start twice; others lose their upstream, retry, and splice the second answer in.
    if (phase === "inside" && next === id) return none
    if (parts > 0) {
      phase = "over"
      return [restarted]
    }
    phase = "inside"
    id = next
    open.clear()
    usage = Usage.merge({}, message["usage"])
    const known = Usage.read(usage)
    const started: StreamEvent = { type: "start", id, model: stringIn(message["model"]) }
    // Counted at once: a caller who leaves early has cost the input all the same.
    return known === null ? [started] : [started, { type: "usage", usage: known }]
  }

  const openBlock = (event: JsonObject): Events | "malformed" => {
    const at = numberIn(event["index"])
    if (at === undefined || !isObject(event["content_block"]) || open.has(at)) return "malformed"
    const block = Content.read(event["content_block"])
    if (block === null) {
      open.set(at, skipped)
      return none
    }
    const index = parts++
    switch (block.type) {
      case "text": {
        open.set(at, { type: "text", part: index })
        const started: StreamEvent = { type: "text-start", index }
        return block.text === "" ? [started] : [started, { type: "text-delta", index, text: block.text }]
      }
      case "answer":
        open.set(at, { type: "answer", part: index, input: block.input, written: false })
        return [{ type: "text-start", index }]
      case "thinking": {
        open.set(at, { type: "thinking", part: index, signature: block.signature })
        const started: StreamEvent = { type: "reasoning-start", index }
        return block.text === "" ? [started] : [started, { type: "reasoning-delta", index, text: block.text }]
      }
      case "redacted":
        open.set(at, { type: "redacted", part: index })
        return [
          { type: "reasoning-start", index, redacted: true },
          { type: "reasoning-end", index, ...Issuer.read(block.data, Content.issuer) }
        ]
      case "tool-call":
        toolCalls = true
        open.set(at, { type: "tool-call", part: index, input: block.input, written: false })
        return [{ type: "tool-call-start", index, id: block.id, name: block.name }]
    }
  }

  const delta = (event: JsonObject): Events | "malformed" => {
    const block = open.get(numberIn(event["index"]) ?? -1)
    const change = event["delta"]
    if (block === undefined || !isObject(change)) return "malformed"
    if (block.type === "skipped") return none
    const index = block.part
    switch (change["type"]) {
      case "text_delta": {
        const text = change["text"]
        if (block.type !== "text" || typeof text !== "string") return "malformed"
        return text === "" ? none : [{ type: "text-delta", index, text }]
      }
      case "thinking_delta": {
        const text = change["thinking"]
        if (block.type !== "thinking" || typeof text !== "string") return "malformed"
        return text === "" ? none : [{ type: "reasoning-delta", index, text }]
      }
      case "signature_delta":
        if (block.type !== "thinking" || typeof change["signature"] !== "string") return "malformed"
        block.signature = change["signature"]
        return none
      case "input_json_delta": {
        const text = change["partial_json"]
        if ((block.type !== "tool-call" && block.type !== "answer") || typeof text !== "string") return "malformed"
        if (text === "") return none
        block.written = true
        return block.type === "answer"
          ? [{ type: "text-delta", index, text }]
          : [{ type: "tool-call-delta", index, arguments: text }]
      }
      // Citations, and what comes later.
      default:
        return none
    }
  }

  const close = (block: Open): Events => {
    switch (block.type) {
      case "text":
        return [{ type: "text-end", index: block.part }]
      case "thinking":
        return [{ type: "reasoning-end", index: block.part, ...Issuer.read(block.signature, Content.issuer) }]
      case "answer": {
        const ended: StreamEvent = { type: "text-end", index: block.part }
        if (block.written) return [ended]
        return [{ type: "text-delta", index: block.part, text: JSON.stringify(block.input) }, ended]
      }
      case "tool-call": {
        const ended: StreamEvent = { type: "tool-call-end", index: block.part }
        if (block.written) return [ended]
        return [{ type: "tool-call-delta", index: block.part, arguments: JSON.stringify(block.input) }, ended]
      }
      // A withheld block was whole at its start.
      case "redacted":
      case "skipped":
        return none
    }
  }

  const closeBlock = (event: JsonObject): Events | "malformed" => {
    const at = numberIn(event["index"]) ?? -1
    const block = open.get(at)
    if (block === undefined) return "malformed"
    open.delete(at)
    return close(block)
  }

  const messageDelta = (event: JsonObject): Events => {
    const change = objectIn(event["delta"])
    usage = Usage.merge(usage, event["usage"])
    if (typeof change["stop_reason"] !== "string") return none
    stopReason = change["stop_reason"]
    if (typeof change["stop_sequence"] === "string") stopSequence = change["stop_sequence"]
    const explanation = FinishReason.explanation(change)
    if (explanation === "") return none
    const index = parts++
    return [
      ...closeAll(),
      { type: "refusal-start", index },
      { type: "refusal-delta", index, text: explanation },
      { type: "refusal-end", index }
    ]
  }

  const closeAll = (): Events => {
    const ends = [...open.values()].flatMap(close)
    open.clear()
    return ends
  }

  const finish = (): Events => {
    phase = "over"
    const events = [...closeAll()]
    const known = Usage.read(usage)
    if (known !== null) events.push({ type: "usage", usage: known })
    events.push({
      type: "finish",
      reason: FinishReason.read(stopReason ?? "end_turn", toolCalls),
      ...(stopSequence === null ? {} : { stopSequence })
    })
    return events
  }

  const inside = (event: JsonObject): Events | "malformed" => {
    switch (event["type"]) {
      case "content_block_delta":
        return delta(event)
      case "content_block_start":
        return openBlock(event)
      case "content_block_stop":
        return closeBlock(event)
      case "message_delta":
        return messageDelta(event)
      case "message_stop":
        return finish()
      // Pings, and what comes later.
      default:
        return typeof event["type"] === "string" ? none : "malformed"
    }
  }

  const step = (frame: Frame): Events | "malformed" => {
    // After an end there is nothing more to say, as a spliced stream might.
    if (phase === "over" || frame.data === "") return none
    const event = parse(frame.data)
    if (frame.event === "error" || (isObject(event) && Failure.isError(event))) {
      phase = "over"
      return [Failure.event(Failure.inBand(event ?? frame.data))]
    }
    if (!isObject(event)) return "malformed"
    if (event["type"] === "message_start") return start(event)
    if (phase === "inside") return inside(event)
    // A ping may come before the start; a content event may not.
    return event["type"] === "ping" ? none : "malformed"
  }

  return { step, end: () => (phase === "inside" && stopReason !== null ? finish() : none) }
}
