/**
 * Neutral events to those of a streamed response. Every event is numbered, and what was said in pieces is said once
 * more in whole: when a part, an item and the response are done.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Usage } from "@penstock/schema/Usage"
import type { ResponseStreamEvent } from "openai/resources/responses/responses"
import { type JsonObject, numberIn, objectIn, parse } from "../../wire/Json.ts"
import type { AnswerContext, Encoder } from "../Dialect.ts"
import { inputOf, namesIn } from "../CustomTool.ts"
import * as Item from "./WriteItem.ts"
import { idOf, response } from "./WriteResponse.ts"

/** A part that is being written, as an item. */
interface Open {
  readonly type: Item.Kind
  readonly itemId: string
  /** `output_index`. */
  readonly at: number
  readonly call: { readonly id: string; readonly name: string } | null
  readonly redacted: boolean
  /** The text, or a call's arguments. */
  text: string
}

type Ends = Extract<StreamEvent, { type: `${string}-end` }>

/** The names of the deltas, and of what ends them. */
const deltas = {
  text: "response.output_text",
  refusal: "response.refusal",
  reasoning: "response.reasoning_summary_text",
  "tool-call": "response.function_call_arguments",
  "custom-call": "response.custom_tool_call_input"
} as const satisfies { readonly [K in Item.Kind]: string }

/** Where in its item a part is, as JSON to go on from. */
const places: { readonly [K in Item.Kind]: string } = {
  text: `"content_index":0,"logprobs":[],`,
  refusal: `"content_index":0,`,
  reasoning: `"summary_index":0,`,
  "tool-call": "",
  "custom-call": ""
}

class ResponseEncoder implements Encoder {
  private readonly context: AnswerContext
  private readonly custom: ReadonlySet<string>
  private started = false
  private id = ""
  private model = ""
  private sequence = 0
  private usage: Usage | null = null
  private readonly open = new Map<number, Open>()
  /** By `output_index`, as they are when they are done. */
  private readonly output: Array<object> = []
  private items = 0

  constructor(context: AnswerContext) {
    this.context = context
    this.custom = namesIn(context.asked)
    const { begun } = context
    if (begun === undefined) return
    for (const event of begun.events) this.write(event)
    // A provider that numbers its events has counted otherwise: beyond both, no number comes twice.
    const passed = begun.last === null ? undefined : numberIn(objectIn(parse(begun.last))["sequence_number"])
    if (passed !== undefined) this.sequence += passed + 1
  }

  write(event: StreamEvent): string {
    switch (event.type) {
      case "start":
        return this.start(event)
      case "text-start":
      case "refusal-start":
      case "reasoning-start":
      case "tool-call-start":
        return this.opened(event)
      case "text-delta":
      case "refusal-delta":
      case "reasoning-delta":
        return this.delta(event.index, event.text)
      case "tool-call-delta":
        return this.delta(event.index, event.arguments)
      case "text-end":
      case "refusal-end":
      case "reasoning-end":
      case "tool-call-end":
        return this.ended(event)
      case "usage":
        this.usage = event.usage
        return ""
      case "finish":
        return this.finish(event.reason)
      // A failure is written by whoever ends the stream: it may be told once only.
      case "error":
        return ""
    }
  }

  private frame(type: ResponseStreamEvent["type"], fields: JsonObject): string {
    const event = { type, sequence_number: this.sequence++, ...fields }
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`
  }

  private response(finishReason: Parameters<typeof response>[0]["finishReason"]) {
    const { context, id, model, output, usage } = this
    return response({ id, model, output, finishReason, usage }, context)
  }

  private start(event: Extract<StreamEvent, { type: "start" }>): string {
    if (this.started) return ""
    this.started = true
    this.id = idOf(event.id, this.context)
    this.model = event.model
    const begun = { response: this.response(null) }
    return this.frame("response.created", begun) + this.frame("response.in_progress", begun)
  }

  private opened(event: Extract<StreamEvent, { type: `${string}-start` }>): string {
    const at = this.items++
    const isCall = event.type === "tool-call-start"
    const type = Item.kindOf(isCall ? { type: "tool-call", name: event.name } : { type: typeOf(event) }, this.custom)
    const open: Open = {
      type,
      itemId: Item.idOf(type, this.id, at),
      at,
      call: isCall ? { id: event.id, name: event.name } : null,
      redacted: event.type === "reasoning-start" && event.redacted === true,
      text: ""
    }
    this.open.set(event.index, open)
    return this.frame("response.output_item.added", { output_index: at, item: begun(open) }) + this.partAdded(open)
  }

  private partAdded({ at: output_index, itemId: item_id, redacted, type }: Open): string {
    if (type === "tool-call" || type === "custom-call" || redacted) return ""
    const place = { item_id, output_index }
    return type === "reasoning"
      ? this.frame("response.reasoning_summary_part.added", { ...place, summary_index: 0, part: Item.summaryPart("") })
      : this.frame("response.content_part.added", { ...place, content_index: 0, part: contentPart(type, "") })
  }

  private delta(index: number, text: string): string {
    const open = this.open.get(index)
    if (open === undefined || text === "") return ""
    open.text += text
    // What comes is the stand-in's JSON; the text in it is told when it is whole.
    if (open.type === "custom-call") return ""
    const type = `${deltas[open.type]}.delta`
    const place = `"item_id":"${open.itemId}","output_index":${open.at},${places[open.type]}`
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.sequence++},${place}"delta":${JSON.stringify(text)}}\n\n`
  }

  private ended(event: Ends): string {
    const open = this.open.get(event.index)
    if (open === undefined) return ""
    this.open.delete(event.index)
    const item = done(open, event)
    this.output[open.at] = item
    return this.partDone(open) + this.frame("response.output_item.done", { output_index: open.at, item })
  }

  private partDone({ at: output_index, call, itemId: item_id, redacted, text, type }: Open): string {
    if (redacted) return ""
    const place = { item_id, output_index }
    const content = { ...place, content_index: 0 }
    switch (type) {
      case "tool-call":
        return this.frame(`${deltas[type]}.done`, { ...place, name: call?.name ?? "", arguments: text })
      case "custom-call": {
        const input = inputOf(text)
        return (
          this.frame(`${deltas[type]}.delta`, { ...place, delta: input }) +
          this.frame(`${deltas[type]}.done`, { ...place, input })
        )
      }
      case "reasoning": {
        const summary = { ...place, summary_index: 0 }
        const part = Item.summaryPart(text)
        return (
          this.frame(`${deltas[type]}.done`, { ...summary, text }) +
          this.frame("response.reasoning_summary_part.done", { ...summary, part })
        )
      }
      case "text":
      case "refusal": {
        const whole = type === "text" ? { text, logprobs: [] } : { refusal: text }
        return (
          this.frame(`${deltas[type]}.done`, { ...content, ...whole }) +
          this.frame("response.content_part.done", { ...content, part: contentPart(type, text) })
        )
      }
    }
  }

  private finish(reason: Extract<StreamEvent, { type: "finish" }>["reason"]): string {
    let text = ""
    // A provider need not have closed what it opened.
    for (const [index, { type }] of this.open) text += this.ended({ type: endOf(type), index })
    const whole = this.response(reason)
    const type = whole.status === "incomplete" ? "response.incomplete" : "response.completed"
    return text + this.frame(type, { response: whole })
  }
}

const endOf = (type: Item.Kind): Ends["type"] => (type === "custom-call" ? "tool-call-end" : `${type}-end`)

const typeOf = (event: Extract<StreamEvent, { type: `${string}-start` }>): Exclude<Item.Kind, "custom-call"> => {
  switch (event.type) {
    case "text-start":
      return "text"
    case "refusal-start":
      return "refusal"
    case "reasoning-start":
      return "reasoning"
    case "tool-call-start":
      return "tool-call"
  }
}

const contentPart = (type: "text" | "refusal", text: string) =>
  type === "text" ? Item.textPart(text) : Item.refusalPart(text)

const noCall = { id: "", name: "", arguments: "" }

/** An item of which nothing has been said. */
const begun = ({ call, itemId, type }: Open): object => {
  switch (type) {
    case "text":
    case "refusal":
      return Item.message(itemId, [], "in_progress")
    case "reasoning":
      return { id: itemId, type, summary: [] }
    case "tool-call":
      return Item.call({ ...noCall, ...call }, itemId, "in_progress")
    case "custom-call":
      return Item.customCall({ ...noCall, ...call }, itemId)
  }
}

const signedBy = ({ issuer, signature }: Extract<Ends, { type: "reasoning-end" }>) => ({ issuer, signature })

const done = ({ call, itemId, redacted, text, type }: Open, event: Ends): object => {
  switch (type) {
    case "text":
    case "refusal":
      return Item.message(itemId, [contentPart(type, text)], "completed")
    case "reasoning":
      return Item.reasoning({ text, redacted, ...(event.type === "reasoning-end" ? signedBy(event) : {}) }, itemId)
    case "tool-call":
      return Item.call({ ...noCall, ...call, arguments: text }, itemId, "completed")
    case "custom-call":
      return Item.customCall({ ...noCall, ...call, arguments: text }, itemId)
  }
}

export const encoder = (context: AnswerContext): Encoder => new ResponseEncoder(context)
