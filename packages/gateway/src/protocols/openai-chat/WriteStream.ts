/**
 * Neutral events to `chat.completion.chunk` ones. What is the same in every chunk is written once, at `start`; after
 * that only the delta is turned into JSON.
 *
 * An answer that has begun elsewhere goes on as if nothing had happened: the same head in every chunk, no second role.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { AnswerContext, Begun, Encoder } from "../Dialect.ts"
import type { Usage as Counts } from "@penstock/schema/Usage"
import * as CustomTool from "../CustomTool.ts"
import { type JsonObject, numberIn, objectIn, parse } from "../../wire/Json.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Usage from "./Usage.ts"
import { idOf } from "./WriteAnswer.ts"

const head = (constant: JsonObject): string => `data: ${JSON.stringify(constant).slice(0, -1)},"choices":`

const headOf = (id: string, created: number, model: string): string =>
  head({ id: idOf(id, created), object: "chat.completion.chunk", created, model })

/** What a provider itself has written in its first chunk, and so in each. */
const passedHead = ({ id, model }: Begun, first: string, created: number): string => {
  const chunk = objectIn(parse(first))
  const constant = { id, object: "chat.completion.chunk", created: numberIn(chunk["created"]) ?? created, model }
  const { service_tier, system_fingerprint } = chunk
  return head({
    ...constant,
    ...(service_tier === undefined ? {} : { service_tier }),
    ...(system_fingerprint === undefined ? {} : { system_fingerprint })
  })
}

/** `input` gathers the stand-in's JSON where the tool takes text; null elsewhere, and once it is told. */
interface Call {
  readonly index: number
  input: string | null
}

class ChunkEncoder implements Encoder {
  private readonly context: AnswerContext
  /** Up to the value of `choices`. */
  private head = ""
  /** From after the delta. */
  private readonly tail: string
  private usage: Counts | undefined
  private readonly custom: ReadonlySet<string>
  private readonly calls = new Map<number, Call>()
  private readonly reasoning = new Map<number, { text: string; redacted: boolean }>()
  /** An unsigned part: it needs a detail only if another follows. */
  private plain: Reasoning.ReasoningPart | undefined

  constructor(context: AnswerContext) {
    this.context = context
    this.tail = `,"logprobs":null,"finish_reason":null}]${context.includeUsage ? `,"usage":null` : ""}}\n\n`
    this.custom = CustomTool.namesIn(context.asked)
    const { begun, created } = context
    if (begun === undefined) return
    this.head = begun.first === null ? headOf(begun.id, created, begun.model) : passedHead(begun, begun.first, created)
    for (const event of begun.events) {
      if (event.type.startsWith("tool-call-")) this.write(event)
    }
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        if (this.head !== "") return ""
        this.head = headOf(event.id, this.context.created, event.model)
        return this.chunk(`{"role":"assistant","content":"","refusal":null}`)
      case "text-delta":
        return event.text === "" ? "" : this.chunk(`{"content":${JSON.stringify(event.text)}}`)
      case "refusal-delta":
        return event.text === "" ? "" : this.chunk(`{"refusal":${JSON.stringify(event.text)}}`)
      case "reasoning-start":
        return this.reasoningStart(event.index, event.redacted === true)
      case "reasoning-delta":
        return this.reasoningDelta(event.index, event.text)
      case "reasoning-end":
        return this.reasoningEnd(event)
      case "tool-call-start":
        return this.callStart(event)
      case "tool-call-delta":
        return this.callDelta(event.index, event.arguments)
      case "tool-call-end":
        return this.callEnd(event.index)
      case "usage":
        this.usage = event.usage
        return ""
      case "finish":
        return this.finish(event)
      // A failure is written by whoever ends the stream: it may be told once only.
      case "error":
      case "text-start":
      case "text-end":
      case "refusal-start":
      case "refusal-end":
        return ""
    }
  }

  private chunk(delta: string): string {
    return `${this.head}[{"index":0,"delta":${delta}${this.tail}`
  }

  private callStart({ id, index: at, name }: Extract<StreamEvent, { type: "tool-call-start" }>): string {
    const isCustom = this.custom.has(name)
    const index = this.calls.size
    this.calls.set(at, { index, input: isCustom ? "" : null })
    const called = isCustom
      ? { type: "custom", custom: { name, input: "" } }
      : { type: "function", function: { name, arguments: "" } }
    return this.chunk(JSON.stringify({ tool_calls: [{ index, id, ...called }] }))
  }

  private callDelta(at: number, text: string): string {
    const call = this.calls.get(at)
    if (typeof call?.input === "string") {
      call.input += text
      return ""
    }
    if (text === "") return ""
    return this.chunk(`{"tool_calls":[{"index":${call?.index ?? 0},"function":{"arguments":${JSON.stringify(text)}}}]}`)
  }

  /** The text of a custom call is told when it is whole: half of an escape is no text. */
  private callEnd(at: number): string {
    const call = this.calls.get(at)
    if (typeof call?.input !== "string") return ""
    const input = CustomTool.inputOf(call.input)
    call.input = null
    return input === "" ? "" : this.chunk(JSON.stringify({ tool_calls: [{ index: call.index, custom: { input } }] }))
  }

  private detail(part: Reasoning.ReasoningPart): string {
    return this.chunk(JSON.stringify({ reasoning_details: [Reasoning.detailOf(part)] }))
  }

  private reasoningStart(index: number, redacted: boolean): string {
    this.reasoning.set(index, { text: "", redacted })
    const before = this.plain
    this.plain = undefined
    return before === undefined ? "" : this.detail(before)
  }

  private reasoningDelta(index: number, text: string): string {
    const part = this.reasoning.get(index)
    if (part !== undefined) part.text += text
    return text === "" ? "" : this.chunk(`{"reasoning_content":${JSON.stringify(text)}}`)
  }

  private reasoningEnd(event: Extract<StreamEvent, { type: "reasoning-end" }>): string {
    const { text, redacted } = this.reasoning.get(event.index) ?? { text: "", redacted: false }
    this.reasoning.delete(event.index)
    const part: Reasoning.ReasoningPart = {
      type: "reasoning",
      text,
      ...(redacted ? { redacted } : {}),
      ...(event.signature === undefined ? {} : { signature: event.signature }),
      ...(event.issuer === undefined ? {} : { issuer: event.issuer })
    }
    if (!Reasoning.isPlain(part)) return this.detail(part)
    this.plain = part
    return ""
  }

  private finish(event: Extract<StreamEvent, { type: "finish" }>): string {
    // A provider need not have closed what it opened.
    let calls = ""
    for (const at of this.calls.keys()) calls += this.callEnd(at)
    const stop = event.stopSequence === undefined ? {} : { stop_reason: event.stopSequence }
    const choice = { index: 0, delta: {}, logprobs: null, finish_reason: event.reason, ...stop }
    const { includeUsage } = this.context
    const last = `${this.head}${JSON.stringify([choice])}${includeUsage ? `,"usage":null` : ""}}\n\n`
    const usage =
      includeUsage && this.usage !== undefined
        ? `${this.head}[],"usage":${JSON.stringify(Usage.write(this.usage))}}\n\n`
        : ""
    return `${calls}${last}${usage}data: [DONE]\n\n`
  }
}

export const encoder = (context: AnswerContext): Encoder => new ChunkEncoder(context)
