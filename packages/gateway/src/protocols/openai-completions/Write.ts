/** A `text_completion`, whole and in chunks: the text of an answer and nothing else, which is all that this wire has. */
import type { Completion } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Usage as Counts } from "@penstock/schema/Usage"
import type { AnswerContext, Encoder } from "../Dialect.ts"
import * as Usage from "../openai-chat/Usage.ts"

const idOf = (id: string, created: number): string => (id === "" ? `cmpl-${created}` : id)

/** Its words: it knows no tools. */
const finishReason = (reason: Completion["finishReason"]): "stop" | "length" | "content_filter" =>
  reason === "tool_calls" ? "stop" : reason

export const write = (completion: Completion, { created }: AnswerContext): { readonly [key: string]: unknown } => ({
  id: idOf(completion.id, created),
  object: "text_completion",
  created,
  model: completion.model,
  choices: [
    {
      text: completion.content
        .map((part) => (part.type === "text" || part.type === "refusal" ? part.text : ""))
        .join(""),
      index: 0,
      logprobs: null,
      finish_reason: finishReason(completion.finishReason)
    }
  ],
  ...(completion.usage === null ? {} : { usage: Usage.write(completion.usage) })
})

class ChunkEncoder implements Encoder {
  private readonly context: AnswerContext
  /** Up to the value of `choices`. */
  private head = ""
  private readonly tail: string
  private usage: Counts | undefined

  constructor(context: AnswerContext) {
    this.context = context
    this.tail = context.includeUsage ? `],"usage":null}\n\n` : "]}\n\n"
    if (context.begun !== undefined) this.start(context.begun.id, context.begun.model)
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        if (this.head === "") this.start(event.id, event.model)
        return ""
      case "text-delta":
      case "refusal-delta":
        return event.text === "" ? "" : this.chunk(event.text, null)
      case "usage":
        this.usage = event.usage
        return ""
      case "finish":
        return `${this.chunk("", finishReason(event.reason))}${this.counts()}data: [DONE]\n\n`
      default:
        return ""
    }
  }

  private start(id: string, model: string): void {
    const { created } = this.context
    const constant = { id: idOf(id, created), object: "text_completion", created, model }
    this.head = `data: ${JSON.stringify(constant).slice(0, -1)},"choices":[`
  }

  private chunk(text: string, reason: string | null): string {
    const finish = reason === null ? "null" : `"${reason}"`
    return `${this.head}{"text":${JSON.stringify(text)},"index":0,"logprobs":null,"finish_reason":${finish}}${this.tail}`
  }

  private counts(): string {
    return this.context.includeUsage && this.usage !== undefined
      ? `${this.head}],"usage":${JSON.stringify(Usage.write(this.usage))}}\n\n`
      : ""
  }
}

export const encoder = (context: AnswerContext): Encoder => new ChunkEncoder(context)
