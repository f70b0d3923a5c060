/** What the endpoints for models share: from a request's bytes to a call, and its answer into the response. */
import * as Demand from "@penstock/gateway/budgets/Demand"
import type { Call, Lane } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import type { AnswerContext, Dialect } from "@penstock/gateway/protocols/Dialect"
import type { Original } from "@penstock/gateway/protocols/PassThrough"
import type { Protocol } from "@penstock/gateway/protocols/Protocol"
import * as ReadBack from "@penstock/gateway/protocols/ReadBack"
import * as ChooseProtocol from "@penstock/gateway/providers/ChooseProtocol"
import { type Provider, speaking } from "@penstock/gateway/providers/Provider"
import * as Needs from "@penstock/gateway/routing/Needs"
import * as AnswerBytes from "@penstock/gateway/tools/AnswerBytes"
import * as McpSelection from "@penstock/gateway/tools/McpSelection"
import { ToolLoop } from "@penstock/gateway/tools/ToolLoop"
import type { JsonObject } from "@penstock/gateway/wire/Json"
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { IncomingHttpHeaders } from "node:http"
import * as Answering from "./Answering.ts"
import type { Endpoint, Exchange } from "./DataPlane.ts"
import type { JsonBody } from "./RequestBody.ts"
import * as ResponseSink from "./ResponseSink.ts"
import * as WorkflowModel from "./WorkflowModel.ts"

/** What routing and the ledger read of a request. */
export interface Envelope {
  readonly model: string
  readonly stream?: boolean | null | undefined
}

/** What a request refers to, and what is to be remembered of its answer. */
export interface Conversation {
  readonly earlier: {
    readonly items: ReadonlyArray<unknown>
    /** Who knows it by its id. */
    readonly provider: string
    /** The request with all of it, for everybody else. */
    readonly body: JsonBody
  } | null
  /** Given the bytes of a whole answer and who gave it. */
  readonly keep: Answering.Keep | null
}

export type Conversing = (exchange: Exchange, stream: boolean) => Conversation

const alone: Conversation = { earlier: null, keep: null }

export interface Speech {
  readonly path: string
  readonly dialect: Dialect
  /** The dialect as a provider speaks it. */
  readonly protocol: Protocol
  /** What is asked of a provider; absent for a conversation. */
  readonly asks?: EndpointName
  /** How a provider speaks the dialect; absent where that is one of the ways to hold a conversation with it. */
  readonly native?: (provider: Provider) => Protocol | null
  /** What a request may use; absent where the fields for it are those of conversations. */
  readonly demand?: (length: number, json: JsonObject) => Demand.Demand
  readonly envelope: (json: JsonObject) => Either.Either<Envelope, GatewayError>
  /** What the answer's writer needs of the request; `created` in seconds since the epoch. */
  readonly context: (json: JsonObject, created: number, requestId: string) => AnswerContext
  /** Headers that change what the body means, for a provider that gets the body as it is. */
  readonly headers?: (headers: IncomingHttpHeaders) => { readonly [name: string]: string }
  /** Absent: a request says all that it means. */
  readonly conversing?: Conversing
}

export const make = ({ dialect, headers, path, protocol, ...speech }: Speech) =>
  Effect.gen(function* () {
    const prices = yield* PriceBook
    const answer = yield* Answering.make
    const loop = yield* ToolLoop
    const workflow = yield* WorkflowModel.make
    const { asks, demand = Demand.ofBody } = speech
    const heard = (stream: boolean) => (out: ReadonlyArray<Uint8Array>) =>
      ReadBack.events(protocol, stream, Buffer.concat(out)).events
    const heardWhole = heard(false)
    const heardStream = heard(true)
    const native = speech.native ?? (({ spoken }: Provider) => ChooseProtocol.native(spoken, dialect.id))
    const endpoint: Endpoint = {
      path,
      dialect,
      handle: (exchange) => {
        const said = speech.envelope(exchange.body.json)
        if (Either.isLeft(said)) return said
        const envelope = said.right
        const { arrivedAt, body, caller, id, response } = exchange
        const stream = envelope.stream === true
        const context = speech.context(body.json, Math.floor(arrivedAt / 1000), id)
        const original: Original = headers === undefined ? body : { ...body, headers: headers(response.req.headers) }
        const { earlier, keep } = speech.conversing?.(exchange, stream) ?? alone
        const all = earlier?.body ?? body
        const again = { native, original: earlier === null ? original : all }
        const readFrom = (json: JsonObject) => dialect.read(json, earlier === null ? {} : { earlier: earlier.items })
        const read = () => readFrom(body.json)
        const lane: Call<Uint8Array>["lane"] = (provider, model) => {
          const own = native(provider)
          if (own !== null) {
            const sent = earlier === null || earlier.provider === provider.name ? original : all
            return Either.right(Lanes.passThrough(dialect, speaking(provider, own), model, sent, context, again))
          }
          const facts = prices.facts({ provider: provider.name, model })
          return Either.flatMap(read(), (request): Either.Either<Lane<Uint8Array>, GatewayError> =>
            Lanes.translated(dialect, provider, model, request, facts, context)
          )
        }
        const call: Call<Uint8Array> = {
          id,
          arrivedAt,
          caller,
          endpoint: dialect.endpoint,
          ...(asks === undefined ? {} : { asks }),
          workflowName: null,
          model: envelope.model,
          stream,
          trace: exchange.trace,
          demand: () => demand(all.bytes.length, all.json),
          standing: (standing) => ResponseSink.limits(response, standing),
          asked: read,
          heard: stream ? heardStream : heardWhole,
          needs: () => Either.match(read(), { onLeft: () => Needs.none, onRight: Needs.of }),
          lane
        }
        const spoken = { path, dialect, keep, memory: { dialect, protocol, context } }
        if (WorkflowModel.isMeant(envelope.model)) {
          const run: Answering.Spoken["run"] = (sink) =>
            Effect.flatMap(read(), (request) =>
              workflow({ request, caller, dialect, context, stream, trace: exchange.trace }, sink)
            )
          return answer(exchange, call, { ...spoken, run })
        }
        if (!McpSelection.isMade(body.json)) return answer(exchange, call, spoken)
        const run: Answering.Spoken["run"] = (sink) =>
          Effect.gen(function* () {
            const selection = yield* McpSelection.read(body.json)
            const request = yield* readFrom(selection.json)
            // Chat completions have one text.
            const runsTogether = dialect.id === "openai-chat"
            const to = AnswerBytes.make(dialect, context, stream, sink)
            yield* loop.run({ ...call, request, selection, runsTogether }, to)
          })
        return answer(exchange, call, { ...spoken, run })
      }
    }
    return endpoint
  })
