/**
 * A protocol is what a provider speaks, as four small values: how a request is lowered, where it is sent, how it is
 * authorised, and how the answer is framed and decoded. A vendor is a protocol with an address: configuration only.
 *
 * Nothing here does I/O, so that every protocol is tested on canned bytes.
 */
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type * as Either from "effect/Either"

export type ProtocolId =
  | "openai-chat"
  | "openai-responses"
  | "openai-completions"
  | "anthropic-messages"
  | "ollama-chat"

/** One event of a streamed body: an SSE event, or a line of NDJSON (then `event` is empty). */
export interface Frame {
  readonly event: string
  readonly data: string
}

/** A request in the provider's words. */
export interface Lowered {
  /** The JSON body. Key order is fixed by the protocol, so that equal prefixes stay equal bytes (prompt caches). */
  readonly body: { readonly [key: string]: unknown }
  /** Headers that this request needs beyond the provider's own (`anthropic-beta`). */
  readonly headers: { readonly [name: string]: string }
  /** Fields of the request that this protocol cannot express, by path; reported in `x-penstock-dropped`. */
  readonly dropped: ReadonlyArray<string>
}

export interface LowerOptions {
  /** The model's name at the provider. */
  readonly model: string
  /** The most tokens the model can write, if known: Anthropic wants `max_tokens` in every request. */
  readonly maxOutputTokens: number | null
  /**
   * Whether to ask for the conversation to be cached where that has to be asked for (Anthropic). What is written to the
   * cache costs more than plain input: `Estimate.worstCaseCost` takes the dearest rate. Default: no.
   */
  readonly cachePrompt?: boolean
}

/** Reads one stream. Stateful, synchronous, and cheap: it runs on the byte path. */
export interface Decoder {
  /** A frame that is not what the protocol promises gives `malformed`, never a throw; the stream goes on. */
  readonly step: (frame: Frame) => ReadonlyArray<StreamEvent> | "malformed"
  /**
   * The body has ended well (its last chunk arrived, nothing was cut). Gives the events that only now are certain, for
   * servers that omit their own end mark (`[DONE]`, a usage chunk).
   */
  readonly end: () => ReadonlyArray<StreamEvent>
  /** The model has ended its answer; only counts and the wire's end mark may follow. Absent: that is not known before. */
  readonly ending?: boolean
}

export interface Protocol {
  readonly id: ProtocolId
  /** Path of the chat endpoint below the provider's base URL. */
  readonly chatPath: string
  /** Path of the model list below the base URL. */
  readonly modelsPath: string
  /** The headers that carry the key, and those that every request needs; `null` where there is no key. */
  readonly authorize: (apiKey: string | null) => { readonly [name: string]: string }
  readonly framing: "sse" | "ndjson"
  /** The most tokens that a request lets a model write where the caller sets no limit. Absent: as many as it can. */
  readonly longestAnswer?: (model: string) => number
  readonly lower: (request: ChatRequest, options: LowerOptions) => Either.Either<Lowered, GatewayError>
  /** Decodes a whole answer, already parsed from JSON. A body that lacks what the protocol promises is `invalid_response`. */
  readonly decode: (body: unknown) => Either.Either<Completion, GatewayError>
  readonly decoder: () => Decoder
  /**
   * Classifies a failed answer. `body` is the parsed JSON, or the text when it is not JSON. The error's `upstream` is
   * set; the provider's own message is kept, the key never is.
   */
  readonly failure: (status: number, body: unknown, headers: Headers) => GatewayError
  /** The names in a model list. */
  readonly modelNames: (body: unknown) => ReadonlyArray<string>
}

/** Lower-case header names to values, as undici gives them. */
export type Headers = { readonly [name: string]: string | ReadonlyArray<string> | undefined }
