/**
 * What a caller has been sent of a streamed answer so far: what another target must go on from when the stream breaks,
 * and what is counted when the caller leaves before the provider has sent any counts.
 *
 * Recorded on the byte path: an event costs a push, texts are joined when somebody asks.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Begun } from "../protocols/Dialect.ts"

interface Written {
  /** Of its events: its place among the parts. */
  readonly index: number
  /** The text, or a tool call's arguments, as it came. */
  readonly pieces: Array<string>
  /** Its end has not been sent. */
  open: boolean
}

export interface SentText extends Written {
  readonly type: "text" | "refusal" | "reasoning"
  /** How reasoning began and ended, where that says more than when. */
  readonly redacted?: boolean
  signed?: { readonly signature?: string; readonly issuer?: string }
}

export interface SentCall extends Written {
  readonly type: "tool-call"
  readonly id: string
  readonly name: string
}

export type SentPart = SentText | SentCall

/** The text of a part, or a tool call's arguments. */
export const written = (part: SentPart): string => part.pieces.join("")

const signedBy = ({ issuer, signature }: Extract<StreamEvent, { type: "reasoning-end" }>) => ({
  ...(signature === undefined ? {} : { signature }),
  ...(issuer === undefined ? {} : { issuer })
})

/** The events that a part came in, but for what came between them. */
const sent = (part: SentPart): ReadonlyArray<StreamEvent> => {
  const { index, open, pieces } = part
  if (part.type === "tool-call") {
    return [
      { type: "tool-call-start", index, id: part.id, name: part.name },
      ...pieces.map((piece): StreamEvent => ({ type: "tool-call-delta", index, arguments: piece })),
      ...(open ? [] : [{ type: "tool-call-end" as const, index }])
    ]
  }
  const { redacted, signed, type } = part
  return [
    { type: `${type}-start`, index, ...(redacted === undefined ? {} : { redacted }) },
    ...pieces.map((text): StreamEvent => ({ type: `${type}-delta`, index, text })),
    ...(open ? [] : [{ type: `${type}-end` as const, index, ...signed }])
  ]
}

export class Transcript {
  /** The provider's id of the answer; null before its start. */
  id: string | null = null
  /** The model that began the answer, as its provider names it. */
  model = ""
  /** The data of the first frame, where frames are passed on as they came: it holds what no neutral event has. */
  first: string | null = null
  /** And of the last such frame. */
  last: string | null = null
  /** In the order of their opening, which is that of their indices. */
  readonly parts: Array<SentPart> = []

  record(event: StreamEvent): void {
    switch (event.type) {
      case "text-delta":
      case "refusal-delta":
      case "reasoning-delta":
        this.parts[event.index]?.pieces.push(event.text)
        break
      case "tool-call-delta":
        this.parts[event.index]?.pieces.push(event.arguments)
        break
      case "start":
        this.id = event.id
        this.model = event.model
        break
      case "text-start":
        this.parts[event.index] = { type: "text", index: event.index, pieces: [], open: true }
        break
      case "refusal-start":
        this.parts[event.index] = { type: "refusal", index: event.index, pieces: [], open: true }
        break
      case "reasoning-start":
        this.parts[event.index] = {
          type: "reasoning",
          index: event.index,
          pieces: [],
          open: true,
          ...(event.redacted === true ? { redacted: true } : {})
        }
        break
      case "tool-call-start": {
        const { id, index, name } = event
        this.parts[index] = { type: "tool-call", index, id, name, pieces: [], open: true }
        break
      }
      case "text-end":
      case "refusal-end":
      case "reasoning-end":
      case "tool-call-end": {
        const part = this.parts[event.index]
        if (part === undefined) break
        part.open = false
        if (event.type === "reasoning-end" && part.type === "reasoning") part.signed = signedBy(event)
        break
      }
      case "usage":
      case "finish":
      case "error":
    }
  }

  /** The text of all parts of a kind, in order; for tool calls, their arguments. */
  text(type: SentPart["type"]): string {
    return this.parts
      .filter((part) => part.type === type)
      .map(written)
      .join("")
  }

  calls(): ReadonlyArray<SentCall> {
    return this.parts.filter((part) => part.type === "tool-call")
  }

  /** What an encoder needs to go on; null while nothing was sent. */
  begun(): Begun | null {
    const { first, id, last, model } = this
    if (id === null) return null
    return { id, model, events: [{ type: "start", id, model }, ...this.parts.flatMap(sent)], first, last }
  }
}
