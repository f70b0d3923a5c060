/**
 * `chat.completion.chunk` events to neutral ones. Runs for every chunk: hand-narrowed, nothing decoded twice.
 *
 * `finish` is held back until `[DONE]` or the end of the body, so that the usage, which comes in a chunk of its own or
 * not at all, precedes it. A stream without a `finish_reason` never gives `finish`: it was cut.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Decoder, Frame } from "../Protocol.ts"
import * as Failure from "./ClassifyFailure.ts"
import { callId, callsOf, textsOf, type CallPiece } from "./Content.ts"
import { choiceOf } from "./DecodeAnswer.ts"
import * as FinishReason from "./FinishReason.ts"
import { isObject, listIn, numberIn, objectIn, parse, stringIn, type JsonObject } from "../../wire/Json.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Usage from "./Usage.ts"

interface Call {
  /** Of the event; -1 until the name is known and the call can be opened. */
  index: number
  readonly position: number
  id: string
  name: string
  /** Arguments that arrived before the name. */
  early: string
}

interface Open {
  readonly type: "text" | "refusal" | "reasoning"
  readonly index: number
  text: string
}

const nothing: ReadonlyArray<StreamEvent> = []

class ChunkDecoder implements Decoder {
  private started = false
  private ended = false
  private answerId = ""
  private nextIndex = 0
  private open: Open | undefined
  /** Text of the reasoning that something else has ended: its detail may still come. */
  private closedReasoning: string | undefined
  private readonly calls: Array<Call> = []
  private readonly callAt = new Map<number, Call>()
  private finishWord: string | undefined
  /** Indices of further answers that have begun and not ended. */
  private readonly others = new Set<number>()
  private stopSequence: string | undefined

  step(frame: Frame): ReadonlyArray<StreamEvent> | "malformed" {
    const data = frame.data.trim()
    if (this.ended || data === "") return nothing
    if (data === "[DONE]") return this.end()
    const chunk = parse(data)
    if (!isObject(chunk)) return "malformed"
    if (frame.event === "error" || Failure.isError(chunk)) return this.fail(Failure.event(Failure.inBand(chunk)))
    const hasUsage = isObject(chunk["usage"]) || isObject(chunk["x_groq"])
    if (!Array.isArray(chunk["choices"]) && !hasUsage) return "malformed"

    const events: Array<StreamEvent> = []
    const choices = listIn(chunk["choices"])
    const choice = choiceOf(choices)
    if (choices.length > 1 || (choices.length === 1 && choice === undefined)) this.readOthers(choices)
    if (choice !== undefined) {
      this.start(chunk, events)
      this.readChoice(choice, events)
    }
    if (hasUsage) this.readUsage(chunk, events)
    const word = choice === undefined ? "" : stringIn(choice["finish_reason"])
    if (word === "") return events
    if (FinishReason.isFailure(word)) return [...events, ...this.fail(Failure.event(Failure.brokenOff(word)))]
    this.finishWord = word
    if (typeof choice?.["stop_reason"] === "string") this.stopSequence = choice["stop_reason"]
    this.closeAll(events)
    return events
  }

  get ending(): boolean {
    return this.finishWord !== undefined && this.others.size === 0
  }

  /** Other answers than the first are passed on and not read; the stream goes on as long as one of them does. */
  private readOthers(choices: ReadonlyArray<unknown>): void {
    for (const choice of choices.map(objectIn)) {
      const index = numberIn(choice["index"]) ?? 0
      if (index === 0) continue
      if (stringIn(choice["finish_reason"]) === "") this.others.add(index)
      else this.others.delete(index)
    }
  }

  end(): ReadonlyArray<StreamEvent> {
    if (this.ended) return nothing
    this.ended = true
    if (this.finishWord === undefined) return nothing
    const events: Array<StreamEvent> = []
    this.closeAll(events)
    const stop = this.stopSequence === undefined ? {} : { stopSequence: this.stopSequence }
    events.push({ type: "finish", reason: FinishReason.read(this.finishWord, this.calls.length > 0), ...stop })
    return events
  }

  private fail(error: StreamEvent): ReadonlyArray<StreamEvent> {
    this.ended = true
    return [error]
  }

  private start(chunk: JsonObject, events: Array<StreamEvent>): void {
    if (this.started) return
    this.started = true
    this.answerId = stringIn(chunk["id"])
    events.push({ type: "start", id: this.answerId, model: stringIn(chunk["model"]) })
  }

  private readUsage(chunk: JsonObject, events: Array<StreamEvent>): void {
    const own = Usage.read(chunk["usage"])
    // groq: its own place besides the official one, with older models the only one.
    const groq = own === null && isObject(chunk["x_groq"]) ? Usage.read(chunk["x_groq"]["usage"]) : null
    const usage = own ?? groq
    if (usage !== null) events.push({ type: "usage", usage })
  }

  private readChoice(choice: JsonObject, events: Array<StreamEvent>): void {
    // Of a legacy completion, whose chunks are the same but for this.
    if (typeof choice["text"] === "string") this.append("text", choice["text"], events)
    // A server that cannot stream this answer sends it whole, as `message`.
    const delta = isObject(choice["delta"]) ? choice["delta"] : choice["message"]
    if (!isObject(delta)) return
    const { text, reasoning } = textsOf(delta["content"])
    const reasoningText = Reasoning.textOf(delta) + reasoning
    this.append("reasoning", reasoningText, events)
    for (const detail of listIn(delta["reasoning_details"])) {
      const part = Reasoning.partOf(detail)
      if (part !== undefined) this.readDetail(part, reasoningText !== "", events)
    }
    this.append("text", text, events)
    this.append("refusal", stringIn(delta["refusal"]), events)
    const calls = callsOf(delta)
    if (calls.length > 0) this.close(events)
    for (const piece of calls) this.readCall(piece, events)
  }

  private append(type: Open["type"], text: string, events: Array<StreamEvent>): void {
    if (text === "") return
    if (this.open?.type !== type) {
      this.close(events)
      this.open = { type, index: this.nextIndex++, text: "" }
      events.push({ type: `${type}-start`, index: this.open.index })
    }
    // Only reasoning is compared with what comes later.
    if (type === "reasoning") this.open.text += text
    events.push({ type: `${type}-delta`, index: this.open.index, text })
  }

  private close(events: Array<StreamEvent>): void {
    if (this.open === undefined) return
    events.push({ type: `${this.open.type}-end`, index: this.open.index })
    if (this.open.type === "reasoning") this.closedReasoning = this.open.text
    this.open = undefined
  }

  /**
   * A detail ends the part whose text came before it. Without a signature it may as well be (OpenRouter) a piece of the
   * text: one that came as plain text in the same chunk, or one that came only so.
   */
  private readDetail(part: Reasoning.ReasoningPart, alsoPlain: boolean, events: Array<StreamEvent>): void {
    const current = this.open?.type === "reasoning" ? this.open : undefined
    if (Reasoning.isPlain(part)) {
      if (alsoPlain) return
      if (current === undefined ? this.closedReasoning !== part.text : current.text !== part.text) {
        this.append("reasoning", part.text, events)
        return
      }
      this.close(events)
      this.closedReasoning = undefined
      return
    }
    let index = current?.index
    if (index === undefined || part.redacted === true) {
      this.close(events)
      index = this.nextIndex++
      events.push({ type: "reasoning-start", index, ...(part.redacted === true ? { redacted: true } : {}) })
      if (part.text !== "") events.push({ type: "reasoning-delta", index, text: part.text })
    }
    this.open = undefined
    const signature = part.signature === undefined ? {} : { signature: part.signature }
    const issuer = part.issuer === undefined ? {} : { issuer: part.issuer }
    events.push({ type: "reasoning-end", index, ...signature, ...issuer })
  }

  private readCall(piece: CallPiece, events: Array<StreamEvent>): void {
    let call = this.callFor(piece)
    if (call === undefined) {
      const position = this.calls.length
      call = { index: -1, position, id: piece.id, name: piece.name, early: "" }
      this.calls.push(call)
    }
    if (piece.index !== undefined) this.callAt.set(piece.index, call)
    if (call.index >= 0) {
      if (piece.arguments !== "") {
        events.push({ type: "tool-call-delta", index: call.index, arguments: piece.arguments })
      }
      return
    }
    call.id ||= piece.id
    call.name ||= piece.name
    call.early += piece.arguments
    if (call.name !== "") this.openCall(call, events)
  }

  /**
   * The call that a piece belongs to. Some vendors give no index, and some give every call the index 0: there a new id
   * together with a name begins a new call.
   */
  private callFor(piece: CallPiece): Call | undefined {
    if (piece.index !== undefined) {
      const call = this.callAt.get(piece.index)
      const another =
        call !== undefined && piece.id !== "" && piece.name !== "" && call.id !== "" && piece.id !== call.id
      return another ? undefined : call
    }
    if (piece.id !== "") return this.calls.find((call) => call.id === piece.id)
    return piece.name === "" ? this.calls.at(-1) : undefined
  }

  private openCall(call: Call, events: Array<StreamEvent>): void {
    call.index = this.nextIndex++
    if (call.id === "") call.id = callId(this.answerId, call.position)
    events.push({ type: "tool-call-start", index: call.index, id: call.id, name: call.name })
    if (call.early !== "") events.push({ type: "tool-call-delta", index: call.index, arguments: call.early })
  }

  private closedCalls = 0

  private closeAll(events: Array<StreamEvent>): void {
    this.close(events)
    for (; this.closedCalls < this.calls.length; this.closedCalls++) {
      const call = this.calls[this.closedCalls]
      if (call === undefined) continue
      if (call.index < 0) this.openCall(call, events)
      events.push({ type: "tool-call-end", index: call.index })
    }
  }
}

export const decoder = (): Decoder => new ChunkDecoder()
