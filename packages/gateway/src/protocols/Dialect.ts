/**
 * A dialect is what a caller speaks: how a request is read, how an answer or a failure is written, whole and streamed.
 * The counterpart of `Protocol`, which is what a provider speaks; where both are the same wire format, the bytes are
 * passed through and neither is needed.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type * as Either from "effect/Either"
import type { JsonObject } from "../wire/Json.ts"
import type { PassThrough } from "./PassThrough.ts"
import type { ProtocolId } from "./Protocol.ts"

export interface AnswerContext {
  /** Seconds since the epoch: OpenAI's `created`. */
  readonly created: number
  /** Whether the caller asked for usage at the end of a stream. */
  readonly includeUsage: boolean
  /** The caller's request, which some answers repeat in part (a response's `instructions` and `tools`). */
  readonly asked?: JsonObject
  /** The request's id here: for the answer's own where the provider gave none. */
  readonly requestId?: string
  /** The answer that the caller has the beginning of, and that a new encoder goes on with. */
  readonly begun?: Begun
}

/** What a request refers to and does not hold. */
export interface ReadOptions {
  /** The items, input and output, of the turns before: those of `previous_response_id`. */
  readonly earlier?: ReadonlyArray<unknown>
}

/** What a caller has of an answer that another encoder, or a provider whose bytes were passed on, has begun. */
export interface Begun {
  readonly id: string
  readonly model: string
  /** All that was sent, its start included. An encoder that is given these events is where the first one was. */
  readonly events: ReadonlyArray<StreamEvent>
  /** The data of the provider's first frame, where its frames were passed on as they came; null otherwise. */
  readonly first: string | null
  /** And of the last of those. */
  readonly last: string | null
}

/** Writes one stream. Stateful and synchronous: it runs on the byte path. */
export interface Encoder {
  /** The bytes (framing included) that an event amounts to; empty when it amounts to nothing, as an error does. */
  readonly write: (event: StreamEvent) => string
}

/** How a caller is told of a failure. */
export interface FailureWriter {
  /** The header in which callers look for a request's id, beside `x-request-id`. */
  readonly requestIdHeader?: string
  /** The body of a failed answer. */
  readonly failure: (error: GatewayError, requestId: string) => { readonly [key: string]: unknown }
  /** The same failure inside a stream of events that has begun, framing included. */
  readonly failureFrame: (error: GatewayError, requestId: string) => string
}

export interface Dialect extends FailureWriter {
  readonly id: ProtocolId
  /** The endpoint as the ledger names it: `chat.completions`. */
  readonly endpoint: string
  /** Reads a request, already parsed from JSON. Strict: what is wrong is `invalid_request` with the field's path. */
  readonly read: (body: unknown, options?: ReadOptions) => Either.Either<ChatRequest, GatewayError>
  readonly write: (completion: Completion, context: AnswerContext) => { readonly [key: string]: unknown }
  readonly encoder: (context: AnswerContext) => Encoder
  /** How the bytes of this wire are passed on between two that speak it. */
  readonly passThrough: PassThrough
}
