/**
 * The way of a request to another target after the caller has got the beginning of a streamed answer: a lane that goes
 * on from there. The lane records what it sends in the same transcript, so that it can be resumed in its turn.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import { agreeing, differs } from "../failover/Agreement.ts"
import { continuing, prefilled } from "../failover/Continuation.ts"
import type { Filter } from "../failover/Splice.ts"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import type { Provider } from "../providers/Provider.ts"
import { isObject, listIn } from "../wire/Json.ts"
import * as Relay from "../wire/Relay.ts"
import type { Lane } from "./Call.ts"
import type { Transcript } from "./Transcript.ts"
import { decode, lowered } from "./Wire.ts"

type Events = ReadonlyArray<StreamEvent>

/** Where an answer is to go on, and from what. */
export interface Onward {
  readonly provider: Provider
  readonly model: string
  readonly facts: ModelFacts
  /** What the caller has been sent, by the lane that broke and those before it. */
  readonly transcript: Transcript
}

/**
 * Two ways on. Null where what was asked, or what was sent, does not allow it. A lane is for the transcript as it is
 * now: once the caller has got more, the answer is resumed anew.
 */
export interface Resumption<Out> {
  /** The target writes on from what was sent: only for one that is known to do so (`capabilities.prefill`). */
  readonly prefill: Lane<Out> | null
  /** The target answers anew, and the caller gets what follows if it repeats what was sent; else `differs`. */
  readonly restart: Lane<Out> | null
}

export type Resume<Out> = (onward: Onward) => Resumption<Out>

/** How a caller takes the events that follow those in the transcript. */
export interface Output<Out> {
  readonly relay: (events: Relay.Relay<Events>, transcript: Transcript) => Relay.Relay<Out>
  readonly whole: (events: Events, transcript: Transcript) => Out
}

/** A request to send. */
type Outgoing = Pick<Lane<unknown>, "protocol" | "body" | "headers" | "dropped">

/** Fields that make answers which are not all in their events: what they ask for would end where the answer goes on. */
const untold: { readonly [name: string]: (value: unknown) => boolean } = {
  n: (value) => value !== 1 && value !== null,
  logprobs: (value) => value === true,
  modalities: (value) => listIn(value).includes("audio"),
  web_search_options: isObject,
  moderation: isObject,
  // Of responses, and of messages.
  include: (value) => listIn(value).includes("message.output_text.logprobs"),
  top_logprobs: (value) => typeof value === "number" && value > 0,
  context_management: (value) => isObject(value) || listIn(value).length > 0,
  container: (value) => typeof value === "string" || isObject(value),
  diagnostics: isObject,
  mcp_servers: (value) => listIn(value).length > 0
}

/** The same for what lies deeper, by its path: tools of other kinds than functions, and documents that are quoted. */
const untoldPath = /^tools\.|\.citations$/

/** Whether events tell all of an answer whose bytes were passed on. */
export const isTold = ({ extra }: ChatRequest): boolean =>
  !Object.entries(untold).some(([name, asked]) => extra[name] !== undefined && asked(extra[name])) &&
  !Object.keys(extra).some((name) => untoldPath.test(name))

/** What of a whole answer follows; null when it differs. For servers that cannot stream every answer. */
const following = (filter: Filter, events: Iterable<StreamEvent>): Events | null => {
  const all: Array<StreamEvent> = []
  for (const event of events) {
    const passed = filter.write(event)
    if (passed === "disagrees") return null
    all.push(...passed)
  }
  return all
}

/**
 * `request` is read when it is needed, which is seldom; null says that there is no way on. `verbatim` gives the caller's own
 * bytes for a provider that understands them.
 */
export const make = <Out>(
  request: () => ChatRequest | null,
  output: Output<Out>,
  verbatim: (onward: Onward) => Outgoing | null = () => null
): Resume<Out> => {
  const lane = (outgoing: Outgoing, transcript: Transcript, filter: (sent: Transcript) => Filter): Lane<Out> => ({
    ...outgoing,
    whole: (body) =>
      Either.flatMap(decode(outgoing.protocol, body), (completion) => {
        const events = following(filter(transcript), unfold(completion))
        if (events === null) return Either.left(differs)
        const out = output.whole(events, transcript)
        for (const event of events) transcript.record(event)
        return Either.right({ out, usage: completion.usage })
      }),
    relay: () => output.relay(Relay.resumed(outgoing.protocol, filter(transcript), transcript), transcript),
    resume
  })

  const lower = (asked: ChatRequest, { facts, model, provider }: Onward): Outgoing | null =>
    Either.getOrNull(lowered(asked, provider, model, facts))

  const resume: Resume<Out> = (onward) => {
    const asked = request()
    if (asked === null) return { prefill: null, restart: null }
    const { transcript } = onward
    const again = verbatim(onward)
    // A prompt that is completed as such has no conversation to go on with: it is completed anew.
    const isPrompt = again?.protocol.id === "openai-completions"
    const beginning = isPrompt ? null : prefilled(asked, transcript)
    const continued = beginning === null ? null : lower(beginning, onward)
    const restarted = again ?? lower(asked, onward)
    return {
      prefill: continued === null ? null : lane(continued, transcript, continuing),
      restart: restarted === null ? null : lane(restarted, transcript, agreeing)
    }
  }
  return resume
}
