/**
 * What an operation streams, passed on byte for byte and only looked at: events, which end with one that says so, or
 * bytes of sound, which end with the body. Synchronous: it is the byte path.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { Headers } from "../protocols/Protocol.ts"
import * as ClassifyFailure from "../protocols/openai-chat/ClassifyFailure.ts"
import * as Framing from "../wire/Framing.ts"
import { isObject, parse, stringIn } from "../wire/Json.ts"
import type { Relay, Seen } from "../wire/Relay.ts"
import type { ReadUsage } from "./Operation.ts"

const unseen = (): Seen => ({
  model: null,
  usage: null,
  token: false,
  ending: false,
  finished: false,
  failure: null,
  malformed: 0
})

/** Sound. It is whole when the body has ended well: there is nothing else to tell. */
const bytes = (): Relay<Uint8Array> => {
  const seen = unseen()
  return {
    seen,
    push: (chunk) => {
      seen.token ||= chunk.length > 0
      return chunk
    },
    end: () => {
      if (seen.token) seen.finished = true
      else seen.failure = GatewayError.make("invalid_response", "The provider's answer is empty.")
      return null
    }
  }
}

/** How a stream of events ends. */
export interface Ending {
  /** The type of its last event, or of each of its last ones. */
  readonly type: string
  /** How many there are: one for each picture. */
  readonly count: number
}

/** An event that does not end would be kept whole. */
const maxEventBytes = 64 * 1024 * 1024

const blankLine = Buffer.from("\n\n")

const events = (ending: Ending, usageOf: ReadUsage): Relay<Uint8Array> => {
  const seen = unseen()
  const splitter = Framing.make("sse")
  let left = ending.count

  /** Whether the caller gets the frame. */
  const take = (raw: Buffer): boolean => {
    // Whatever follows the end of an answer, or an error, is not part of it, wherever the network cut.
    if (seen.finished || seen.failure !== null) return false
    const frame = Framing.parse("sse", raw)
    // A comment, or a mark that says less than the events do.
    if (frame === null || frame.data.trim() === "[DONE]") return true
    const event = parse(frame.data)
    if (!isObject(event)) {
      seen.malformed += 1
      return false
    }
    if (frame.event === "error" || event["type"] === "error" || ClassifyFailure.isError(event)) {
      seen.failure = ClassifyFailure.inBand(event)
      return false
    }
    seen.token = true
    if (stringIn(event["type"]) !== ending.type) return true
    seen.usage = usageOf(event) ?? seen.usage
    left -= 1
    seen.finished = left <= 0
    return true
  }

  const given = (frames: ReadonlyArray<Buffer>): Uint8Array | null => {
    const taken = frames.filter(take)
    const [first] = taken
    if (first === undefined) return null
    return taken.length === 1 ? first : Buffer.concat(taken)
  }

  return {
    seen,
    push: (chunk) => {
      const out = given(splitter.push(chunk))
      if (splitter.waiting() > maxEventBytes) {
        seen.failure ??= GatewayError.make("invalid_response", "The provider sent an event that does not end.")
      }
      return out
    },
    end: () => {
      const rest = splitter.rest()
      return rest.length === 0 ? null : given([Buffer.concat([rest, blankLine])])
    }
  }
}

/** By what the provider says that it sends: some have no events where others do. */
export const make = (headers: Headers, ending: Ending | null, usageOf: ReadUsage): Relay<Uint8Array> =>
  ending !== null && String(headers["content-type"] ?? "").startsWith("text/event-stream")
    ? events(ending, usageOf)
    : bytes()
