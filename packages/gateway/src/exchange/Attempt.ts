/**
 * One call to one target: the lane's bytes out, the answer through the lane into the sink, within its limits. An Effect
 * per call, plain functions per chunk.
 *
 * Nothing reaches the sink before the first token, or, with `commit: complete`, before the end: until then a failure is
 * invisible, and another attempt may take its place.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { NanoDollars } from "@penstock/schema/Money"
import type { Usage } from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import type { Policy } from "../failover/Policy.ts"
import type { Watchdog } from "../failover/Watchdog.ts"
import type { Headers } from "../protocols/Protocol.ts"
import type { Provider } from "../providers/Provider.ts"
import { type Receiver, stoppable } from "../providers/Transport.ts"
import * as Json from "../wire/Json.ts"
import type { Relay } from "../wire/Relay.ts"
import type { Head, Lane, Sink } from "./Call.ts"
import type { Transcript } from "./Transcript.ts"
import * as TimeLimit from "./TimeLimit.ts"

/** What is known of an attempt, filled in as it goes; true at any moment it is interrupted. */
export interface Record {
  usage: Usage | null
  /** Undefined until the answer is whole. */
  cost: NanoDollars | null | undefined
  /** Milliseconds since the epoch. */
  firstTokenAt: number | null
  /** The caller has a part of the answer: from here on a failure is no longer invisible. */
  begun: boolean
}

/** `begun`: an attempt before this one began the answer, and this one goes on with it. */
export const record = (begun: boolean): Record => ({ usage: null, cost: undefined, firstTokenAt: null, begun })

export interface Options<Out> {
  readonly provider: Provider
  readonly lane: Lane<Out>
  readonly stream: boolean
  /** The `traceparent` that the provider is told; null for none. */
  readonly traceparent: string | null
  readonly sink: Sink<Out>
  readonly head: () => Omit<Head, "cost">
  readonly record: Record
  /** What the caller gets of a stream. */
  readonly transcript: Transcript
  readonly costOf: (usage: Usage | null) => NanoDollars | null
  readonly commit: Policy["commit"]
  readonly limits: TimeLimit.Limits
  readonly watchdog: Watchdog
  /**
   * Asked once, at the first token of a stream or the head of a whole answer, before anything reaches the sink: `false`
   * when another attempt is ahead, and this one ends. Absent: there is no other.
   */
  readonly mayAnswer?: () => boolean
}

const headersOf = <Out>({ lane, provider, traceparent }: Options<Out>): Provider["headers"] =>
  lane.headers === null && traceparent === null
    ? provider.headers
    : { ...provider.headers, ...lane.headers, ...(traceparent === null ? {} : { traceparent }) }

const isJson = (headers: Headers): boolean => String(headers["content-type"] ?? "").includes("application/json")

const contentType = (headers: Headers): string => String(headers["content-type"] ?? "application/octet-stream")

const cut = (provider: Provider): GatewayError.GatewayError =>
  GatewayError.make("network", `Provider "${provider.name}" ended the stream before the answer was whole.`)

/** Another attempt answered first. Nobody but the loop sees this. */
export const outrun = GatewayError.make("internal", "Another target answered first.")

/** It was interrupted; nobody hears this. */
const leftBehind = GatewayError.make("internal", "The attempt was given up.")

const noSource = () => {}

/** Most whole answers come in one piece. */
const bodyOf = (chunks: ReadonlyArray<Uint8Array>): Buffer => {
  const [first] = chunks
  return chunks.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(chunks)
}

/** The most that is kept of an answer: pictures and speech as text are the largest there are. */
const maxBytes = 256 * 1024 * 1024

const tooMuch = (provider: Provider): GatewayError.GatewayError =>
  GatewayError.make("invalid_response", `Provider "${provider.name}" sent an answer of more than ${maxBytes} bytes.`)

export interface Attempt {
  /** Sends the request and sees the answer through. Interruption aborts the provider at once. */
  readonly run: Effect.Effect<void, GatewayError.GatewayError>
  /** Ends it from outside, at once, with this failure. */
  readonly stop: (why: GatewayError.GatewayError) => void
  /** To be called when `run` has ended, however it did. */
  readonly end: () => void
}

/** The attempt's time begins now: `run` is to follow at once. */
export const make = <Out>(options: Options<Out>): Attempt => {
  const { lane, provider, record, sink, watchdog } = options
  let status = 0
  let headers: Headers = {}
  let relay: Relay<Out> | null = null
  let resumeSource = noSource
  let attached = false
  let asked = false
  let lost = false
  /** Nothing is under way any more that would have to be ended. */
  let over = false
  const held: Array<Out> = []
  const chunks: Array<Uint8Array> = []
  /** Bytes that are kept. */
  let size = 0
  const limit = TimeLimit.start(options.limits, watchdog, provider)

  const isDue = ({ seen }: Relay<Out>): boolean => seen.finished || (seen.token && options.commit === "first_token")

  const ask = (): void => {
    if (asked || options.mayAnswer === undefined) return
    asked = true
    lost = !options.mayAnswer()
  }

  const begin = (cost: NanoDollars | null): void => {
    record.begun = true
    const head = { ...options.head(), cost }
    sink.begin(lane.isVerbatim === true ? { ...head, contentType: contentType(headers) } : head)
  }

  /** Only one that writes is paused and resumed. */
  const attach = (): void => {
    if (attached) return
    attached = true
    sink.onDrain(() => {
      if (resumeSource === noSource) return
      TimeLimit.resumed(limit)
      resumeSource()
    })
  }

  /** What a relay gave goes to the sink once it is due. Says whether the sink takes more. */
  const deliver = (from: Relay<Out>, out: Out | null): boolean => {
    const { seen } = from
    record.usage = seen.usage
    if (seen.token && record.firstTokenAt === null) {
      record.firstTokenAt = watchdog.now()
      TimeLimit.answering(limit)
    }
    if (seen.token || seen.finished) ask()
    if (lost) return true
    if (record.begun) attach()
    if (record.begun && held.length === 0) return out === null || sink.write(out)
    if (seen.failure !== null) return true
    if (out !== null) held.push(out)
    if (!isDue(from)) return true
    if (!record.begun) begin(null)
    attach()
    let more = true
    for (const each of held.splice(0)) more = sink.write(each)
    return more
  }

  const receiver: Receiver = {
    onStart: (stop) => {
      limit.stop = stop
    },
    onConnect: () => TimeLimit.connected(limit),
    onHead: (receivedStatus, receivedHeaders, resume) => {
      status = receivedStatus
      headers = receivedHeaders
      // A server that cannot stream this answer sends it whole.
      if (options.stream && status >= 200 && status < 300 && !isJson(headers)) {
        relay = lane.relay(options.transcript, headers)
        resumeSource = resume
        TimeLimit.connected(limit)
      } else {
        TimeLimit.answering(limit)
        if (status >= 200 && status < 300) ask()
      }
    },
    onChunk: (chunk) => {
      if (lost) return "enough"
      TimeLimit.alive(limit)
      if (relay === null) {
        chunks.push(chunk)
        size += chunk.length
        return size > maxBytes ? "enough" : "more"
      }
      const more = deliver(relay, relay.push(chunk))
      if (!record.begun) size += chunk.length
      if (lost || relay.seen.finished || relay.seen.failure !== null || (size > maxBytes && !record.begun))
        return "enough"
      if (!more) TimeLimit.paused(limit)
      else if (relay.seen.ending) TimeLimit.ending(limit)
      else TimeLimit.goesOn(limit)
      return more ? "more" : "pause"
    }
  }

  /** Whether an answer whose connection broke, or went silent, was whole all the same. */
  const wasWhole = (from: Relay<Out>): boolean => {
    if (lost || from.seen.failure !== null) return false
    if (!from.seen.finished && from.seen.ending) deliver(from, from.end())
    return from.seen.finished
  }

  const finishStream = (from: Relay<Out>): Effect.Effect<void, GatewayError.GatewayError> => {
    if (size > maxBytes && !record.begun) return Effect.fail(tooMuch(provider))
    if (!from.seen.finished && from.seen.failure === null) deliver(from, from.end())
    if (lost) return Effect.fail(outrun)
    if (from.seen.failure !== null) return Effect.fail(from.seen.failure)
    if (!from.seen.finished) return Effect.fail(cut(provider))
    record.cost = options.costOf(from.seen.usage)
    sink.end(record.cost)
    return Effect.void
  }

  const finishWhole = (body: Buffer): Effect.Effect<void, GatewayError.GatewayError> => {
    if (size > maxBytes) return Effect.fail(tooMuch(provider))
    if (status < 200 || status >= 300) {
      const text = body.toString("utf8")
      return Effect.fail(lane.protocol.failure(status, Json.parse(text) ?? text, headers))
    }
    const whole = lane.whole(body)
    if (whole._tag === "Left") return Effect.fail(whole.left)
    record.usage = whole.right.usage
    const cost = options.costOf(record.usage)
    record.cost = cost
    if (!record.begun) begin(cost)
    sink.write(whole.right.out)
    sink.end(cost)
    return Effect.void
  }

  const request = {
    method: "POST" as const,
    path: lane.path ?? lane.protocol.chatPath,
    headers: headersOf(options),
    body: lane.body
  }
  return {
    run: stoppable(lane.through?.(provider.transport) ?? provider.transport, request, receiver).pipe(
      Effect.matchEffect({
        onFailure: (error) => {
          over = true
          return relay !== null && wasWhole(relay) ? finishStream(relay) : Effect.fail(error)
        },
        onSuccess: () => {
          over = true
          if (lost) return Effect.fail(outrun)
          return relay === null ? finishWhole(bodyOf(chunks)) : finishStream(relay)
        }
      })
    ),
    stop: (why) => {
      over = true
      TimeLimit.end(limit, why)
    },
    end: () => {
      if (!over) TimeLimit.end(limit, leftBehind)
      resumeSource = noSource
      record.usage ??= lane.counted?.() ?? null
      TimeLimit.clear(limit)
    }
  }
}
