/**
 * Neutral events to those of a streamed `message`.
 *
 * Blocks follow one another on this wire, so that clients may keep the open one only. What comes for another part
 * meanwhile, as OpenAI's tool calls may, waits until that one is closed.
 */
import type { Message, RawMessageDeltaEvent } from "@anthropic-ai/sdk/resources/messages"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Usage as Counts } from "@penstock/schema/Usage"
import type { AnswerContext, Encoder } from "../Dialect.ts"
import * as Issuer from "../Issuer.ts"
import { issuer } from "./Content.ts"
import * as Usage from "./Usage.ts"
import { type Block, ending, idOf, toolUse } from "./WriteAnswer.ts"

/** An event of a part that becomes a block. */
type PartEvent = Exclude<
  Extract<StreamEvent, { index: number }>,
  { type: "refusal-start" | "refusal-delta" | "refusal-end" }
>

const frame = (event: string, data: string): string => `event: ${event}\ndata: ${data}\n\n`

const startOf = (id: string, created: number, model: string): string => {
  const message: Message = {
    id: idOf(id, created),
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: Usage.write(null)
  }
  return frame("message_start", JSON.stringify({ type: "message_start", message })) + frame("ping", `{"type":"ping"}`)
}

class MessageEncoder implements Encoder {
  private readonly created: number
  private started = false
  /** The open part and its block; a withheld one has none until its ciphertext is there. */
  private open: { readonly part: number; readonly redacted: boolean } | null = null
  /** How many blocks there are, the open one included. */
  private blocks = 0
  private waiting: Array<PartEvent> = []
  private refusal = ""
  private usage: Counts | null = null

  constructor({ begun, created }: AnswerContext) {
    this.created = created
    for (const event of begun?.events ?? []) this.write(event)
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        if (this.started) return ""
        this.started = true
        return startOf(event.id, this.created, event.model)
      case "refusal-delta":
        this.refusal += event.text
        return ""
      case "usage":
        this.usage = event.usage
        return ""
      case "finish":
        return this.finish(event)
      // A failure is written by whoever ends the stream: it may be told once only.
      case "error":
      case "refusal-start":
      case "refusal-end":
        return ""
      default:
        if (this.open === null || this.open.part === event.index) return this.part(event) + this.waited()
        this.waiting.push(event)
        return ""
    }
  }

  /** What has waited for a part to be closed. */
  private waited(): string {
    let text = ""
    for (let first = this.waiting[0]; first !== undefined && this.open === null; first = this.waiting[0]) {
      const { index } = first
      const turn = this.waiting.filter((event) => event.index === index)
      this.waiting = this.waiting.filter((event) => event.index !== index)
      for (const event of turn) text += this.part(event)
    }
    return text
  }

  private part(event: PartEvent): string {
    switch (event.type) {
      case "text-delta":
        return event.text === "" ? "" : this.delta(`{"type":"text_delta","text":${JSON.stringify(event.text)}}`)
      case "reasoning-delta":
        return event.text === "" ? "" : this.delta(`{"type":"thinking_delta","thinking":${JSON.stringify(event.text)}}`)
      case "tool-call-delta": {
        const { arguments: text } = event
        return text === "" ? "" : this.delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}`)
      }
      case "text-start":
        this.open = { part: event.index, redacted: false }
        return this.start({ type: "text", text: "" })
      case "tool-call-start":
        this.open = { part: event.index, redacted: false }
        return this.start(toolUse(event.id, event.name))
      case "reasoning-start":
        this.open = { part: event.index, redacted: event.redacted === true }
        return this.open.redacted ? "" : this.start({ type: "thinking", thinking: "", signature: "" })
      case "text-end":
      case "tool-call-end":
        return this.stop()
      case "reasoning-end":
        return this.reasoningEnd(event)
    }
  }

  private reasoningEnd(event: Extract<StreamEvent, { type: "reasoning-end" }>): string {
    const signature = Issuer.write(event, issuer)
    if (this.open?.redacted === true) return this.start({ type: "redacted_thinking", data: signature }) + this.stop()
    return this.delta(`{"type":"signature_delta","signature":${JSON.stringify(signature)}}`) + this.stop()
  }

  private start(content_block: Block): string {
    const index = this.blocks++
    return frame("content_block_start", JSON.stringify({ type: "content_block_start", index, content_block }))
  }

  private delta(delta: string): string {
    const index = this.blocks - 1
    return frame("content_block_delta", `{"type":"content_block_delta","index":${index},"delta":${delta}}`)
  }

  private stop(): string {
    this.open = null
    return frame("content_block_stop", `{"type":"content_block_stop","index":${this.blocks - 1}}`)
  }

  private finish({ reason, stopSequence }: Extract<StreamEvent, { type: "finish" }>): string {
    let text = ""
    // A provider need not have closed what it opened.
    while (this.open !== null) {
      text += this.open.redacted ? this.reasoningEnd({ type: "reasoning-end", index: this.open.part }) : this.stop()
      text += this.waited()
    }
    const finished = { finishReason: reason, ...(stopSequence === undefined ? {} : { stopSequence }) }
    const event: RawMessageDeltaEvent = {
      type: "message_delta",
      delta: { ...ending(finished, this.refusal), container: null },
      usage: Usage.write(this.usage)
    }
    return text + frame("message_delta", JSON.stringify(event)) + frame("message_stop", `{"type":"message_stop"}`)
  }
}

export const encoder = (context: AnswerContext): Encoder => new MessageEncoder(context)
