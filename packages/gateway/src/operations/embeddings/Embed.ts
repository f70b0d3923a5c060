/**
 * Embeddings for programs: texts to vectors through the `Gateway`, with its routing, failover, budgets and ledger. What a
 * client gets at `POST /v1/embeddings`, as values.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type { NanoDollars } from "@penstock/schema/Money"
import type { Usage } from "@penstock/schema/Usage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Call } from "../../exchange/Call.ts"
import { type CallOptions, Gateway } from "../../Gateway.ts"
import { anonymous } from "../../keys/Keys.ts"
import * as RequestId from "../../RequestId.ts"
import { isObject, parse } from "../../wire/Json.ts"
import { embeddings } from "./Embeddings.ts"
import * as OpenAiEmbeddings from "./OpenAiEmbeddings.ts"
import * as Vector from "./Vector.ts"

export interface EmbedRequest {
  readonly model: string
  /** Texts that are not empty, at least one. */
  readonly input: ReadonlyArray<string>
  /** How long the vectors are to be, where the model can choose. */
  readonly dimensions?: number
}

export interface Embedded {
  /** In the order of the texts. */
  readonly vectors: ReadonlyArray<ReadonlyArray<number>>
  /** Null when the provider has not counted. */
  readonly usage: Usage | null
  /** Nano-dollars; null when the price or the usage is not known. */
  readonly cost: NanoDollars | null
}

const noAnswer = GatewayError.make("invalid_response", "The provider's answer holds no embeddings.")

/** Fails as a request at the endpoint would. Interruption aborts the provider, and settles the row as `partial`. */
export const embed = Effect.fn("Embed.embed")(function* (request: EmbedRequest, options: CallOptions = {}) {
  const gateway = yield* Gateway
  // Base64 is a quarter of the bytes, and the same numbers.
  const json = { ...request, encoding_format: "base64" }
  const { model } = yield* embeddings.envelope(json)
  const named = (name: string): Buffer => Buffer.from(JSON.stringify({ ...json, model: name }))
  const bytes = named(model)
  let body: Uint8Array = Buffer.alloc(0)
  let cost: NanoDollars | null = null
  const call: Call<Uint8Array> = {
    id: options.id ?? (yield* RequestId.next),
    arrivedAt: yield* Clock.currentTimeMillis,
    caller: options.caller ?? anonymous,
    endpoint: embeddings.endpoint,
    asks: embeddings.name,
    workflowName: options.workflowName ?? null,
    model,
    stream: false,
    isOpaque: true,
    ...(options.run === undefined ? {} : { run: options.run }),
    demand: () => embeddings.demand(bytes.length, json),
    lane: (provider, target) => embeddings.lane({ bytes, json, named, headers: null }, provider, target)
  }
  yield* gateway.run(call, {
    begin: (head) => {
      cost = head.cost
    },
    write: (out) => {
      body = out
      return true
    },
    onDrain: () => {},
    end: () => {}
  })
  const answer = parse(Buffer.from(body).toString("utf8"))
  const { usage, vectors } = yield* isObject(answer) ? OpenAiEmbeddings.wire.read(answer) : noAnswer
  const embedded: Embedded = { vectors: vectors.map(Vector.numbersOf), usage, cost }
  return embedded
})
