/**
 * The events of a streamed response to neutral ones. Runs for every event: hand-narrowed, nothing decoded twice.
 *
 * What an item's deltas did not say is said when the item is done, or with the response itself: some servers stream
 * only part of what they know.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import { type JsonObject, isObject, listIn, numberIn, objectIn, parse, stringIn } from "../../wire/Json.ts"
import * as Failure from "../openai-chat/ClassifyFailure.ts"
import type { Decoder, Frame } from "../Protocol.ts"
import * as Content from "./Content.ts"
import * as Ending from "./Ending.ts"
import * as Usage from "./Usage.ts"

type Events = ReadonlyArray<StreamEvent>

/** A part that has been opened. */
interface Open {
  readonly type: "text" | "refusal" | "reasoning" | "tool-call"
  readonly index: number
  /** Characters of it that have been said. */
  written: number
  closed: boolean
}

interface Item {
  /** By `content_index`; reasoning and calls are one part, at 0. */
  readonly parts: Map<number, Open>
  done: boolean
}

const nothing: Events = []

class ResponseDecoder implements Decoder {
  private started = false
  private ended = false
  private nextIndex = 0
  private hasCalls = false
  /** By `output_index`. */
  private readonly items = new Map<number, Item>()
  /** `output_index` by an item's id: the output of the response at the end may leave out what was streamed. */
  private readonly places = new Map<string, number>()

  step(frame: Frame): Events | "malformed" {
    if (this.ended || frame.data === "") return nothing
    const event = parse(frame.data)
    if (!isObject(event)) return "malformed"
    const type = stringIn(event["type"]) || frame.event
    if (type === "error" || Failure.isError(event)) return this.fail(Failure.inBand(event))
    if (type === "") return "malformed"
    const out: Array<StreamEvent> = []
    return this.read(type, event, out) ? out : "malformed"
  }

  /** A response says that it is done; one whose body ended without was cut. */
  end(): Events {
    return nothing
  }

  /** Whether the event is what its type promises. */
  private read(type: string, event: JsonObject, out: Array<StreamEvent>): boolean {
    switch (type) {
      case "response.created":
      case "response.in_progress":
      case "response.queued":
        if (!isObject(event["response"])) return false
        this.start(event["response"], out)
        return true
      case "response.output_text.delta":
        return this.delta(event, "text", out)
      case "response.refusal.delta":
        return this.delta(event, "refusal", out)
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        return this.delta(event, "reasoning", out)
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return this.delta(event, "tool-call", out)
      case "response.reasoning_summary_part.added":
        return this.paragraph(event, out)
      case "response.content_part.added":
        return this.contentPart(event, out)
      case "response.output_item.added":
        return this.itemAdded(event, out)
      case "response.output_item.done": {
        const at = numberIn(event["output_index"])
        if (at === undefined || !isObject(event["item"])) return false
        this.place(event["item"], at)
        this.itemDone(at, event["item"], out)
        return true
      }
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
      case "response.cancelled":
        if (!isObject(event["response"])) return false
        this.finish(event["response"], out)
        return true
      // What is done is said by the item; annotations, tools of the provider's own, and what comes later.
      default:
        return true
    }
  }

  private start(response: JsonObject, out: Array<StreamEvent>): void {
    if (this.started) return
    this.started = true
    out.push({ type: "start", id: stringIn(response["id"]), model: stringIn(response["model"]) })
  }

  private item(at: number): Item {
    const known = this.items.get(at)
    if (known !== undefined) return known
    const item: Item = { parts: new Map(), done: false }
    this.items.set(at, item)
    return item
  }

  private place(item: JsonObject, at: number): void {
    const id = stringIn(item["id"])
    if (id !== "") this.places.set(id, at)
  }

  private open(item: Item, position: number, type: Exclude<Open["type"], "tool-call">, out: Array<StreamEvent>): Open {
    const known = item.parts.get(position)
    if (known !== undefined) return known
    this.start({}, out)
    const opened: Open = { type, index: this.nextIndex++, written: 0, closed: false }
    item.parts.set(position, opened)
    out.push({ type: `${type}-start`, index: opened.index })
    return opened
  }

  private openCall(item: Item, call: JsonObject, out: Array<StreamEvent>): Open {
    const known = item.parts.get(0)
    if (known !== undefined) return known
    this.start({}, out)
    this.hasCalls = true
    const opened: Open = { type: "tool-call", index: this.nextIndex++, written: 0, closed: false }
    item.parts.set(0, opened)
    out.push({
      type: "tool-call-start",
      index: opened.index,
      id: Content.callId(call),
      name: stringIn(call["name"])
    })
    return opened
  }

  private write(part: Open, text: string, out: Array<StreamEvent>): void {
    if (text === "" || part.closed) return
    part.written += text.length
    const { index, type } = part
    out.push(
      type === "tool-call"
        ? { type: "tool-call-delta", index, arguments: text }
        : { type: `${type}-delta`, index, text }
    )
  }

  private delta(event: JsonObject, type: Open["type"], out: Array<StreamEvent>): boolean {
    const at = numberIn(event["output_index"])
    const text = event["delta"]
    if (at === undefined || typeof text !== "string") return false
    const item = this.item(at)
    const position = type === "text" || type === "refusal" ? (numberIn(event["content_index"]) ?? 0) : 0
    const part = type === "tool-call" ? item.parts.get(0) : this.open(item, position, type, out)
    // A call that was not announced has no name; it comes whole when it is done.
    if (part === undefined) return true
    if (part.type !== type) return false
    this.write(part, text, out)
    return true
  }

  private paragraph(event: JsonObject, out: Array<StreamEvent>): boolean {
    const at = numberIn(event["output_index"])
    if (at === undefined) return false
    const part = this.open(this.item(at), 0, "reasoning", out)
    if ((numberIn(event["summary_index"]) ?? 0) > 0) this.write(part, Content.paragraph, out)
    return true
  }

  private contentPart(event: JsonObject, out: Array<StreamEvent>): boolean {
    const at = numberIn(event["output_index"])
    if (at === undefined || !isObject(event["part"])) return false
    const position = numberIn(event["content_index"]) ?? 0
    switch (event["part"]["type"]) {
      case "output_text":
        this.open(this.item(at), position, "text", out)
        return true
      case "refusal":
        this.open(this.item(at), position, "refusal", out)
        return true
      default:
        return true
    }
  }

  private itemAdded(event: JsonObject, out: Array<StreamEvent>): boolean {
    const at = numberIn(event["output_index"])
    const item = event["item"]
    if (at === undefined || !isObject(item)) return false
    this.place(item, at)
    if (Content.isCall(item)) this.write(this.openCall(this.item(at), item, out), Content.argumentsOf(item), out)
    return true
  }

  private itemDone(at: number, done: JsonObject, out: Array<StreamEvent>): void {
    const item = this.item(at)
    if (item.done) return
    item.done = true
    if (done["type"] === "reasoning") return this.reasoningDone(item, done, out)
    for (const [position, part] of Content.partsOf(done).entries()) {
      if (part.type === "reasoning") continue
      const open =
        part.type === "tool-call" ? this.openCall(item, done, out) : this.open(item, position, part.type, out)
      this.write(open, (part.type === "tool-call" ? part.arguments : part.text).slice(open.written), out)
    }
    this.close(item, out)
  }

  private reasoningDone(item: Item, done: JsonObject, out: Array<StreamEvent>): void {
    const [part] = Content.reasoning(done)
    const opened = item.parts.get(0)
    if (opened === undefined && part?.redacted === true) {
      this.start({}, out)
      const index = this.nextIndex++
      out.push(
        { type: "reasoning-start", index, redacted: true },
        { type: "reasoning-end", index, ...Content.signed(done) }
      )
      return
    }
    if (part === undefined) return this.close(item, out)
    const open = opened ?? this.open(item, 0, "reasoning", out)
    this.write(open, part.text.slice(open.written), out)
    open.closed = true
    out.push({ type: "reasoning-end", index: open.index, ...Content.signed(done) })
  }

  private close(item: Item, out: Array<StreamEvent>): void {
    for (const part of item.parts.values()) {
      if (!part.closed) out.push({ type: `${part.type}-end`, index: part.index })
      part.closed = true
    }
  }

  private finish(response: JsonObject, out: Array<StreamEvent>): void {
    this.start(response, out)
    for (const [position, each] of listIn(response["output"]).entries()) {
      const item = objectIn(each)
      this.itemDone(this.places.get(stringIn(item["id"])) ?? position, item, out)
    }
    for (const item of this.items.values()) this.close(item, out)
    this.ended = true
    const usage = Usage.read(response["usage"])
    if (usage !== null) out.push({ type: "usage", usage })
    Either.match(Ending.read(response, this.hasCalls), {
      onLeft: (error) => out.push(Failure.event(error)),
      onRight: (reason) => out.push({ type: "finish", reason })
    })
  }

  private fail(error: Parameters<typeof Failure.event>[0]): Events {
    this.ended = true
    return [Failure.event(error)]
  }
}

export const decoder = (): Decoder => new ResponseDecoder()
