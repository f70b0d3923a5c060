/**
 * A broken answer begun anew by another target: what the caller has is left out as long as the new answer repeats it,
 * and what follows is the caller's. Two answers that differ cannot be made one, and the first cannot be taken back.
 *
 * Texts are compared by what they say, wherever they were cut into pieces or parts; tool calls by name and arguments,
 * as their ids are made up anew for every answer; reasoning is not compared, as it is never the same twice.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import { type SentCall, type Transcript, written } from "../exchange/Transcript.ts"
import { type Filter, nothing, Splice } from "./Splice.ts"

type Outcome = ReturnType<Filter["write"]>

/** A stretch of text with nothing else in between. Never empty. */
interface Stretch {
  readonly type: "text" | "refusal"
  text: string
}

/** A call as it was sent, and how much of its arguments the new answer has repeated. */
interface Repeated {
  readonly type: "tool-call"
  readonly sent: SentCall
  readonly arguments: string
  repeated: number
}

/** What the new answer has to repeat, in order. */
const expected = (transcript: Transcript): ReadonlyArray<Stretch | Repeated> => {
  const all: Array<Stretch | Repeated> = []
  for (const part of transcript.parts) {
    const text = written(part)
    if (part.type === "tool-call") all.push({ type: "tool-call", sent: part, arguments: text, repeated: 0 })
    else if (part.type !== "reasoning" && text !== "") {
      const last = all.at(-1)
      if (last?.type === part.type) last.text += text
      else all.push({ type: part.type, text })
    }
  }
  return all
}

/** How many characters of `text` repeat `whole` from `at` on; null when one differs. */
const agreed = (whole: string, at: number, text: string): number | null => {
  const length = Math.min(whole.length - at, text.length)
  return whole.startsWith(text.slice(0, length), at) ? length : null
}

class Agreement implements Filter {
  private readonly splice: Splice
  private readonly expected: ReadonlyArray<Stretch | Repeated>
  /** The first of `expected` that has not been repeated, or has not begun to be if it is a call. */
  private at = 0
  /** Characters of it that have been repeated. */
  private offset = 0
  /** By the new answer's index. */
  private readonly calls = new Map<number, Repeated>()
  private failed = false

  constructor(transcript: Transcript) {
    this.splice = new Splice(transcript)
    this.expected = expected(transcript)
  }

  write(event: StreamEvent): Outcome {
    const outcome = this.failed ? "disagrees" : this.compare(event)
    this.failed = outcome === "disagrees"
    return outcome
  }

  private compare(event: StreamEvent): Outcome {
    switch (event.type) {
      // A part begins for the caller with its first piece that is new.
      case "text-start":
      case "refusal-start":
        return nothing
      case "text-delta":
        return this.text(event, "text")
      case "refusal-delta":
        return this.text(event, "refusal")
      case "text-end":
        return this.textEnd(event, "text")
      case "refusal-end":
        return this.textEnd(event, "refusal")
      case "tool-call-start":
        return this.call(event)
      case "tool-call-delta":
        return this.callArguments(event)
      case "tool-call-end": {
        const call = this.calls.get(event.index)
        if (call === undefined) return this.splice.place(event)
        if (call.repeated < call.arguments.length) return "disagrees"
        return call.sent.open ? this.splice.place(event) : nothing
      }
      case "finish":
        return this.isRepeated() ? this.splice.place(event) : "disagrees"
      default:
        return this.splice.place(event)
    }
  }

  /** Whether the new answer has said all that was sent. */
  private isRepeated(): boolean {
    return (
      this.at === this.expected.length &&
      this.expected.every((each) => each.type !== "tool-call" || each.repeated === each.arguments.length)
    )
  }

  private text(event: Extract<StreamEvent, { text: string }>, type: Stretch["type"]): Outcome {
    let { text } = event
    const next = this.expected[this.at]
    if (next !== undefined && text !== "") {
      if (next.type !== type) return "disagrees"
      const length = agreed(next.text, this.offset, text)
      if (length === null) return "disagrees"
      this.offset += length
      text = text.slice(length)
      if (this.offset === next.text.length) {
        this.at += 1
        this.offset = 0
      }
      // More than was said before something else came.
      if (text !== "" && this.at < this.expected.length) return "disagrees"
    }
    if (text === "") return nothing
    const { index } = event
    const begun = this.splice.isPlaced(index) ? nothing : this.splice.place({ type: `${type}-start`, index })
    return [...begun, ...this.splice.place({ type: `${type}-delta`, index, text })]
  }

  private textEnd(event: Extract<StreamEvent, { type: `${Stretch["type"]}-end` }>, type: Stretch["type"]): Outcome {
    if (this.splice.isPlaced(event.index)) return this.splice.place(event)
    // It repeated what was sent and no more: it ends the caller's part, if that is the last and open.
    if (this.at < this.expected.length || !this.splice.hasOpen(type)) return nothing
    return [...this.splice.place({ type: `${type}-start`, index: event.index }), ...this.splice.place(event)]
  }

  private call(event: Extract<StreamEvent, { type: "tool-call-start" }>): Outcome {
    const next = this.expected[this.at]
    if (next === undefined) return this.splice.place(event)
    if (next.type !== "tool-call" || next.sent.name !== event.name) return "disagrees"
    this.at += 1
    this.calls.set(event.index, next)
    this.splice.join(event.index, next.sent.index)
    return nothing
  }

  private callArguments(event: Extract<StreamEvent, { type: "tool-call-delta" }>): Outcome {
    const call = this.calls.get(event.index)
    if (call === undefined) return this.splice.place(event)
    const length = agreed(call.arguments, call.repeated, event.arguments)
    if (length === null) return "disagrees"
    call.repeated += length
    const more = event.arguments.slice(length)
    if (more === "") return nothing
    return call.sent.open ? this.splice.place({ ...event, arguments: more }) : "disagrees"
  }
}

/** What the caller gets of an answer that was begun anew. Ending before all was repeated is a disagreement too. */
export const agreeing = (transcript: Transcript): Filter => new Agreement(transcript)

/** What the caller is told after a disagreement. It is nobody's fault but that of the first cut. */
export const differs: GatewayError.GatewayError = GatewayError.make(
  "network",
  "The stream was cut, and the answer could not be continued: what the next target wrote differs from what was already sent.",
  { code: "answers_differ" }
)
