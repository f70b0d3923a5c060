/**
 * A relay turns the bytes of a provider's stream into what the caller gets. It is synchronous and knows nothing of
 * sockets: the byte path is `push` per chunk and `end` at the end, and what was seen on the way is in `seen`.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Usage } from "@penstock/schema/Usage"
import type { Transcript } from "../exchange/Transcript.ts"
import { differs } from "../failover/Agreement.ts"
import type { Filter } from "../failover/Splice.ts"
import type { Encoder } from "../protocols/Dialect.ts"
import type { PassThrough } from "../protocols/PassThrough.ts"
import type { Frame, Protocol } from "../protocols/Protocol.ts"
import * as Framing from "./Framing.ts"

/** What has been seen of an answer so far. */
export interface Seen {
  /** The answer's model, in the provider's words; null before its start. */
  model: string | null
  usage: Usage | null
  /** A first token (text, reasoning or a tool call) is there. */
  token: boolean
  /** The model has ended its answer, and the provider has not ended its stream yet. */
  ending: boolean
  /** The provider's terminal event is there; without it the answer was cut. */
  finished: boolean
  /** The provider broke off, and said why. */
  failure: GatewayError.GatewayError | null
  /** Frames that were not what the protocol promises, and were left out. */
  malformed: number
}

export interface Relay<Out> {
  /** What a chunk amounts to; null when it is nothing yet. */
  readonly push: (chunk: Uint8Array) => Out | null
  /**
   * What is left once the body has ended. After a cut as well: an answer whose terminal event is there is `finished` by
   * it, whatever was to follow, and no other is.
   */
  readonly end: () => Out | null
  readonly seen: Readonly<Seen>
}

const note = (seen: Seen, event: StreamEvent): void => {
  switch (event.type) {
    case "start":
      seen.model = event.model
      break
    case "usage":
      seen.usage = event.usage
      break
    case "finish":
      seen.finished = true
      break
    case "error":
      seen.failure = event.error
      break
    case "text-delta":
    case "reasoning-delta":
    case "refusal-delta":
      seen.token ||= event.text !== ""
      break
    case "tool-call-start":
      seen.token = true
      break
    default:
  }
}

/** A frame may hold a whole picture; one that is larger than this has no end. */
const maxFrameBytes = 64 * 1024 * 1024

const sseEnd = Buffer.from("\n\n")
const ndjsonEnd = Buffer.from("\n")

/** What to do with one frame: its raw bytes, its content, and the events that it holds. */
type OnFrame = (raw: Buffer, frame: Frame | null, events: ReadonlyArray<StreamEvent>) => void

/** Splits, decodes and takes note: what all relays share. */
const reader = (protocol: Protocol, onFrame: OnFrame) => {
  const seen: Seen = {
    model: null,
    usage: null,
    token: false,
    ending: false,
    finished: false,
    failure: null,
    malformed: 0
  }
  const splitter = Framing.make(protocol.framing)
  const decoder = protocol.decoder()
  const read = (raw: Buffer, isRest: boolean): void => {
    // Whatever follows the end of an answer, or an error, is not part of it, wherever the network cut.
    if (seen.finished || seen.failure !== null) return
    const frame = Framing.parse(protocol.framing, raw)
    const events = frame === null ? [] : decoder.step(frame)
    if (events === "malformed") {
      seen.malformed += 1
      return
    }
    // Half a frame may be an empty one (`data:`), which a client would not understand.
    if (isRest && events.length === 0) return
    for (const event of events) note(seen, event)
    seen.ending = decoder.ending === true
    onFrame(raw, frame, events)
  }
  return {
    seen,
    push: (chunk: Uint8Array): void => {
      for (const raw of splitter.push(chunk)) read(raw, false)
      if (splitter.waiting() > maxFrameBytes) {
        seen.failure ??= GatewayError.make("invalid_response", "The provider sent an event that does not end.")
      }
    },
    end: (): void => {
      if (seen.failure !== null) return
      const rest = splitter.rest()
      if (rest.length > 0) read(Buffer.concat([rest, protocol.framing === "sse" ? sseEnd : ndjsonEnd]), true)
      const events = decoder.end()
      for (const event of events) note(seen, event)
      if (events.length > 0) onFrame(Buffer.alloc(0), null, events)
    }
  }
}

type Events = ReadonlyArray<StreamEvent>

/** Decodes into neutral events; `take` says what of each goes out. A provider's error is not among them: see `seen`. */
const decoded = (
  protocol: Protocol,
  take: (event: StreamEvent, out: Array<StreamEvent>, seen: Seen) => void
): Relay<Events> => {
  let out: Array<StreamEvent> = []
  const source = reader(protocol, (_raw, _frame, events) => {
    for (const event of events) if (event.type !== "error") take(event, out, source.seen)
  })
  const given = (): Events | null => {
    if (out.length === 0) return null
    const events = out
    out = []
    return events
  }
  return {
    seen: source.seen,
    push: (chunk) => {
      source.push(chunk)
      return given()
    },
    end: () => {
      source.end()
      return given()
    }
  }
}

/** Decodes into neutral events, and records them in the transcript if there is one. */
export const toEvents = (protocol: Protocol, transcript?: Transcript): Relay<Events> =>
  decoded(protocol, (event, out) => {
    transcript?.record(event)
    out.push(event)
  })

/**
 * Decodes what of an answer goes on where the transcript ends, and records that. When the answer does not fit it has
 * failed, with `differs`: what was given until then did fit.
 */
export const resumed = (protocol: Protocol, filter: Filter, transcript: Transcript): Relay<Events> =>
  decoded(protocol, (event, out, seen) => {
    if (seen.failure !== null) return
    const events = filter.write(event)
    if (events === "disagrees") {
      seen.failure = differs
      seen.finished = false
      return
    }
    for (const each of events) {
      transcript.record(each)
      out.push(each)
    }
  })

/** Encodes what another relay gives in the caller's dialect. */
export const encoded = (events: Relay<Events>, encoder: Encoder): Relay<Uint8Array> => {
  const encode = (decoded: Events | null): Uint8Array | null => {
    let text = ""
    for (const event of decoded ?? []) text += encoder.write(event)
    return text === "" ? null : Buffer.from(text)
  }
  return { seen: events.seen, push: (chunk) => encode(events.push(chunk)), end: () => encode(events.end()) }
}

/** Decodes, and encodes in the caller's dialect. */
export const translate = (protocol: Protocol, encoder: Encoder, transcript?: Transcript): Relay<Uint8Array> =>
  encoded(toEvents(protocol, transcript), encoder)

/** Records a frame that is passed on as it came. */
const recordFrame = (transcript: Transcript, frame: Frame | null, events: Events): void => {
  const before = transcript.id
  for (const event of events) transcript.record(event)
  if (frame === null) return
  if (before === null && transcript.id !== null) transcript.first = frame.data
  transcript.last = frame.data
}

/**
 * Passes a provider's frames on, byte for byte, and only looks. A malformed frame is left out, as is an error, which is
 * in `seen`, and a frame that `hides` names: the usage that we asked for and the caller did not. When the answer is
 * whole but the provider left out the wire's end mark, the mark is added.
 */
export const passThrough = (
  protocol: Protocol,
  hides: PassThrough["isUsageOnly"],
  endMark: PassThrough["endMark"],
  transcript?: Transcript
): Relay<Uint8Array> => {
  let out: Array<Buffer> = []
  let marked = false
  const source = reader(protocol, (raw, frame, events) => {
    if (events.some((event) => event.type === "error")) return
    if (transcript !== undefined) recordFrame(transcript, frame, events)
    if (frame !== null && endMark.is(frame)) marked = true
    if (raw.length > 0 && !(frame !== null && hides(frame, events))) out.push(raw)
  })
  const take = (): Uint8Array | null => {
    const [first] = out
    if (first === undefined) return null
    const taken = out.length === 1 ? first : Buffer.concat(out)
    out = []
    return taken
  }
  return {
    seen: source.seen,
    push: (chunk) => {
      source.push(chunk)
      return take()
    },
    end: () => {
      source.end()
      if (source.seen.finished && !marked) out.push(Buffer.from(endMark.bytes))
      return take()
    }
  }
}
