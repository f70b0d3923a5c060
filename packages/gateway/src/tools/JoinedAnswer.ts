/**
 * The answers of several turns as one: the parts of all in one row, one usage, one end. What concerns only the gateway,
 * the calls that it answers itself, is left out. Stateful and synchronous: it runs on the byte path.
 */
import type { Completion, FinishReason } from "@penstock/schema/Completion"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"

export interface Options {
  /** Whether a call of this name is the gateway's to answer. */
  readonly isOwn: (name: string) => boolean
  /** Whether the caller's wire runs all texts into one, so that those of two turns need something between them. */
  readonly runsTogether: boolean
}

const paragraph = "\n\n"

export class JoinedAnswer {
  private readonly options: Options
  /** Of the turn that runs: all of its events, and the places of its parts among all parts; null for one left out. */
  private events: Array<StreamEvent> = []
  private places = new Map<number, number | null>()
  private next = 0
  private started = false
  /** Text was written in a turn before this one, and none in this one yet. */
  private apart = false
  private wrote = false
  private usage: Usage.Usage | null = null

  constructor(options: Options) {
    this.options = options
  }

  /** What the caller gets of more events of the turn. Counts and the end come with `end`. */
  push(events: ReadonlyArray<StreamEvent>): ReadonlyArray<StreamEvent> {
    const out: Array<StreamEvent> = []
    for (const event of events) {
      this.events.push(event)
      switch (event.type) {
        case "start":
          if (!this.started) out.push(event)
          this.started = true
          break
        case "usage":
        case "finish":
        case "error":
          break
        default: {
          if (!this.places.has(event.index)) this.open(event)
          const index = this.places.get(event.index)
          if (index === null || index === undefined) break
          if (event.type === "text-delta" && event.text !== "") this.separate(index, out)
          out.push({ ...event, index })
        }
      }
    }
    return out
  }

  /** The turn as a whole; null when it has no end. The next turn may begin. */
  turn(): Completion | null {
    const completion = fold(this.events)
    this.events = []
    this.places = new Map()
    this.apart = this.wrote
    if (completion !== null && completion.usage !== null) {
      this.usage = this.usage === null ? completion.usage : Usage.sum(this.usage, completion.usage)
    }
    return completion
  }

  /** The counts of all turns, and the end. */
  end(reason: FinishReason, stopSequence?: string): ReadonlyArray<StreamEvent> {
    return [
      ...(this.usage === null ? [] : [{ type: "usage" as const, usage: this.usage }]),
      { type: "finish", reason, ...(stopSequence === undefined ? {} : { stopSequence }) }
    ]
  }

  private open(event: Extract<StreamEvent, { readonly index: number }>): void {
    const isOwn = event.type === "tool-call-start" && this.options.isOwn(event.name)
    this.places.set(event.index, isOwn ? null : this.next++)
  }

  private separate(index: number, out: Array<StreamEvent>): void {
    if (this.apart && this.options.runsTogether) out.push({ type: "text-delta", index, text: paragraph })
    this.apart = false
    this.wrote = true
  }
}
