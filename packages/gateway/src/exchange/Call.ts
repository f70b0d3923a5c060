/**
 * One request on its way through the gateway, whatever its caller speaks: who asks for which model, how the request
 * reads to a given provider, and where the answer goes.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import type { NanoDollars } from "@penstock/schema/Money"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Trace } from "@penstock/schema/Trace"
import type { Usage } from "@penstock/schema/Usage"
import type * as Either from "effect/Either"
import * as FiberId from "effect/FiberId"
import type { Run } from "../budgets/Budgets.ts"
import type { Demand } from "../budgets/Demand.ts"
import type { Standing } from "../limits/RateHeaders.ts"
import type { Headers, Protocol } from "../protocols/Protocol.ts"
import type { Provider } from "../providers/Provider.ts"
import type { Transport } from "../providers/Transport.ts"
import type { Needs } from "../routing/Needs.ts"
import type { Relay } from "../wire/Relay.ts"
import type { Resume } from "./Resume.ts"
import type { Transcript } from "./Transcript.ts"

/** Who interrupts a call when the gateway stops. Any other interruption is the caller leaving. */
export const shutdown: FiberId.FiberId = FiberId.runtime(-503, 0)

/** `Out` is what the caller takes: bytes for an HTTP client, events for a program. */
export interface Call<Out> {
  readonly id: RequestId
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number
  readonly caller: Caller
  /** The endpoint as the ledger names it: `chat.completions`. */
  readonly endpoint: string
  /** What is asked of the model: a target whose provider has no such endpoint is no target. Absent: chat. */
  readonly asks?: EndpointName
  /** The workflow that asks, null for a direct request. */
  readonly workflowName: string | null
  readonly model: string
  readonly stream: boolean
  /** Where it belongs in a distributed trace; absent where nobody traces. */
  readonly trace?: Trace | undefined
  /** The run that asks, and what it may spend; absent for a request of its own. */
  readonly run?: Run
  /** What it may use; asked for where a limit depends on it, or where nobody has counted. */
  readonly demand: () => Demand
  /** Hears how the caller stands with the limits of its rate. */
  readonly standing?: (standing: Standing) => void
  /** Milliseconds that the rate of its caller's key may be waited for. Absent: it is refused at once. */
  readonly patience?: number
  /** What it uses is what the provider says: of an answer that was broken off nothing can be estimated. */
  readonly isOpaque?: true
  /** The way to a provider and back. Fails when the request cannot be said in the provider's protocol. */
  readonly lane: (provider: Provider, model: string) => Either.Either<Lane<Out>, GatewayError>
  /** What is asked, in no dialect's words, and what was answered, from what went into the sink. Absent: nobody reads it. */
  readonly asked?: () => Either.Either<ChatRequest, GatewayError>
  readonly heard?: (out: ReadonlyArray<Out>) => ReadonlyArray<StreamEvent>
  /** What a model must be able to do; asked for when targets differ in it. Absent: nothing in particular. */
  readonly needs?: () => Needs
}

/** A request in a provider's words, and how its answer becomes the caller's. */
export interface Lane<Out> {
  /** What the request is said in: one of those that the provider speaks. */
  readonly protocol: Protocol
  /** Where it is sent, below the provider's base URL; absent where that is the protocol's chat endpoint. */
  readonly path?: string
  /** Stands between the request and the provider's transport: for a request that is sent as several. */
  readonly through?: (transport: Transport) => Transport
  readonly body: Uint8Array | string
  /** Headers beyond the provider's own; null for none. */
  readonly headers: { readonly [name: string]: string } | null
  /** What the provider's protocol cannot express. */
  readonly dropped: ReadonlyArray<string>
  /** The answer's content type is the provider's. Absent: it is JSON, or an event stream. */
  readonly isVerbatim?: true
  /** What the provider has counted of an answer that is not whole. */
  readonly counted?: () => Usage | null
  /** A whole answer. */
  readonly whole: (body: Buffer) => Either.Either<Whole<Out>, GatewayError>
  /** A streamed answer. What the caller gets of it is recorded in the transcript if there is one. */
  readonly relay: (transcript?: Transcript, headers?: Headers) => Relay<Out>
  /** The way to another target once the caller has the beginning of a streamed answer. Absent: there is none. */
  readonly resume?: Resume<Out>
}

export interface Whole<Out> {
  readonly out: Out
  readonly usage: Usage | null
}

/** What is known when an answer begins. */
export interface Head {
  readonly provider: string
  readonly model: string
  readonly attempts: number
  readonly fallback: boolean
  readonly dropped: ReadonlyArray<string>
  /** How often the model was asked, where tools were called in between; absent elsewhere, and in the head of a stream. */
  readonly turns?: number
  /** Whether the cache had the answer; absent where it was not asked. */
  readonly cache?: "hit" | "miss"
  /** Absent for JSON and for event streams. */
  readonly contentType?: string
  /** Whole answers only; null when the price is unknown. */
  readonly cost: NanoDollars | null
}

/** Takes the answer. Its functions are plain calls on the byte path and must not throw. */
export interface Sink<Out> {
  /** Called once, before the first `write`. A failure before it can still become an error status. */
  readonly begin: (head: Head) => void
  /** Says `false` when it wants no more until it calls what `onDrain` was given. */
  readonly write: (out: Out) => boolean
  readonly onDrain: (resume: () => void) => void
  /** The answer is whole. */
  readonly end: (cost: NanoDollars | null) => void
}
