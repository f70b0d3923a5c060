/** Puts the parts of a new answer behind those that a caller already has of a broken one. */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { SentPart, SentText, Transcript } from "../exchange/Transcript.ts"

type Events = ReadonlyArray<StreamEvent>

/**
 * What the caller gets of the answer that takes a broken one's place. Stateful and synchronous: it runs on the byte
 * path. After `disagrees` there is nothing more to be had.
 */
export interface Filter {
  readonly write: (event: StreamEvent) => Events | "disagrees"
}

export const nothing: Events = []

const end = ({ index, type }: SentText): StreamEvent => ({ type: `${type}-end`, index })

const isOpenText = (part: SentPart): part is SentText => part.type !== "tool-call" && part.open

/**
 * The new answer's first part of a kind goes on in the caller's open part of that kind; all others follow with indices
 * of their own, and close what is open before they begin.
 *
 * Left out: its start, as the caller has one, and its reasoning. Reasoning comes before what it is about, and the
 * caller has something of that by now, or has the beginning of another train of thought; and a signature vouches for
 * the whole reasoning of one model, which is what the caller will never have.
 */
export class Splice {
  private next: number
  private open: ReadonlyArray<SentText>
  /** From the new answer's indices to the caller's. */
  private readonly placed = new Map<number, number>()
  private readonly callIds: Set<string>

  constructor(transcript: Transcript) {
    this.next = transcript.parts.length
    this.open = transcript.parts.filter(isOpenText)
    this.callIds = new Set(transcript.calls().map((call) => call.id))
  }

  /** Whether the caller has an open part of this kind that no part of the new answer goes on in yet. */
  hasOpen(type: SentText["type"]): boolean {
    return this.open.some((part) => part.type === type)
  }

  isPlaced(index: number): boolean {
    return this.placed.has(index)
  }

  /** Makes a part of the new answer go on in a part that the caller has. */
  join(index: number, sent: number): void {
    this.placed.set(index, sent)
  }

  place(event: StreamEvent): Events {
    switch (event.type) {
      case "start":
      case "reasoning-start":
      case "reasoning-delta":
      case "reasoning-end":
        return nothing
      case "usage":
      case "error":
        return [event]
      case "finish":
        return [...this.closed(), event]
      case "text-start":
        return this.started(event, "text")
      case "refusal-start":
        return this.started(event, "refusal")
      case "tool-call-start": {
        // A client finds a call's result by its id, so that two answers must not use one for two calls.
        const id = this.callIds.has(event.id) ? `${event.id}_${this.next}` : event.id
        this.callIds.add(id)
        return [...this.closed(), { ...event, id, index: this.opened(event.index) }]
      }
      case "text-delta":
      case "text-end":
      case "refusal-delta":
      case "refusal-end":
      case "tool-call-delta":
      case "tool-call-end": {
        const index = this.placed.get(event.index)
        return index === undefined ? nothing : [{ ...event, index }]
      }
    }
  }

  private started(
    event: Extract<StreamEvent, { type: `${"text" | "refusal"}-start` }>,
    type: SentText["type"]
  ): Events {
    const going = this.open.findLast((part) => part.type === type)
    if (going === undefined) return [...this.closed(), { ...event, index: this.opened(event.index) }]
    this.open = this.open.filter((part) => part !== going)
    this.join(event.index, going.index)
    return this.closed()
  }

  private opened(index: number): number {
    this.placed.set(index, this.next)
    return this.next++
  }

  private closed(): Events {
    if (this.open.length === 0) return nothing
    const ends = this.open.map(end)
    this.open = []
    return ends
  }
}
