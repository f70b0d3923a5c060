/**
 * What is asked of a model beside a conversation: embeddings, moderation, pictures, speech. These have one wire format,
 * OpenAI's, so that there is nothing to translate for most providers: the request is sent on with another model's name,
 * and the answer given as it came. An operation says what is particular: where it is, what it may use, where an answer
 * says what it used, and when a stream of it is whole.
 */
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { Usage } from "@penstock/schema/Usage"
import type * as Either from "effect/Either"
import type { Demand } from "../budgets/Demand.ts"
import type { Lane } from "../exchange/Call.ts"
import type { Provider } from "../providers/Provider.ts"
import type { JsonObject } from "../wire/Json.ts"

/** A caller's request. */
export interface Asked {
  readonly bytes: Buffer
  /** What the bytes say: JSON, or the fields of a form. */
  readonly json: JsonObject
  /** The bytes with another model's name, and nothing else changed. */
  readonly named: (model: string) => Buffer
  /** Of the caller's headers those that say what the bytes are; null for JSON. */
  readonly headers: { readonly [name: string]: string } | null
}

export interface Envelope {
  readonly model: string
  /** Whether the answer is written to the caller as it comes. */
  readonly stream: boolean
}

export interface Operation {
  readonly name: EndpointName
  /** As the ledger names it: `images.generations`. */
  readonly endpoint: string
  /** Below a provider's base URL, and below `/v1` here. */
  readonly path: string
  /** Fails with `invalid_request`, naming the field at fault. What only the provider can judge is left to it. */
  readonly envelope: (json: JsonObject) => Either.Either<Envelope, GatewayError>
  /** What it may use at most, of a body of so many bytes. */
  readonly demand: (length: number, json: JsonObject) => Demand
  /** Whether an answer may be kept and given again: only where the model's is always the same. */
  readonly isRepeatable: boolean
  /** The way to a provider that has the endpoint. */
  readonly lane: (asked: Asked, provider: Provider, model: string) => Either.Either<Lane<Uint8Array>, GatewayError>
}

/** How an answer tells what it used; null where it does not. */
export type ReadUsage = (answer: JsonObject) => Usage | null
