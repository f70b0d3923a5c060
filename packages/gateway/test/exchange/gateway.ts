/** The real gateway over scripted providers and the ledger in memory, composed as a program that embeds it would. */
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as Demand from "@penstock/gateway/budgets/Demand"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import * as Gateway from "@penstock/gateway/Gateway"
import type { Call, Head, Sink } from "@penstock/gateway/exchange/Call"
import * as Lanes from "@penstock/gateway/exchange/Lanes"
import { anonymous } from "@penstock/gateway/keys/Keys"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import { Ledger, LedgerError } from "@penstock/gateway/ledger/Ledger"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import { dialect } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Missing, Provider } from "@penstock/gateway/providers/Provider"
import { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import * as RequestId from "@penstock/gateway/RequestId"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Router from "@penstock/gateway/routing/Router"
import * as Settings from "@penstock/gateway/Settings"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import type { NanoDollars } from "@penstock/schema/Money"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Vendor } from "./answers.ts"
import { scripted, type Answer, type Scripted } from "./transport.ts"

/** A provider of each kind is called by its protocol's name. USD per million tokens: 1 for input, 2 for output. */
const pricing = { input: 1, output: 2, cache_read: 0.5 }
const base_url = "http://127.0.0.1:9"

/** Of one provider, always the same or in turn. */
export type Script = Answer | (() => Answer)

export interface Options {
  readonly vendor: Vendor
  readonly answer: Script
  /** Providers beside "mock", by their names. */
  readonly others?: { readonly [name: string]: { readonly vendor: Vendor; readonly answer: Script } }
  readonly config?: object
  readonly missing?: Missing
  readonly brokenLedger?: boolean
}

/** What was done, in order. */
export type Step = "open" | "request" | "settle"

export interface Harness {
  readonly layer: Layer.Layer<Gateway.Gateway | Ledger | Breakers.Breakers | Latencies.Latencies>
  /** Mock's. */
  readonly transport: Scripted
  readonly transports: { readonly [name: string]: Scripted }
  /** The providers that were asked, in order. */
  readonly asked: Array<string>
  readonly steps: Array<Step>
  readonly openings: Array<Opening>
  readonly settlements: Array<Settlement>
}

export const harness = ({ answer, brokenLedger, config = {}, missing, others = {}, vendor }: Options): Harness => {
  const steps: Array<Step> = []
  const openings: Array<Opening> = []
  const settlements: Array<Settlement> = []
  const asked: Array<string> = []
  const scripts = Object.entries({ mock: { vendor, answer }, ...others })
  const transports = Object.fromEntries(
    scripts.map(([name, { answer }]) => [
      name,
      scripted(
        () => (typeof answer === "function" ? answer() : answer),
        () => {
          steps.push("request")
          asked.push(name)
        }
      )
    ])
  )
  const providers = scripts.map(([name, { vendor }]): Provider => ({
    name,
    protocol: vendor.protocol,
    spoken: [vendor.protocol],
    endpoints: new Set(["chat", "embeddings"]),
    embeddingBatch: 2048,
    transport: transports[name]!,
    address: base_url,
    addressSetting: `providers.${name}.base_url`,
    cachePrompt: false,
    headers: { "x-key": "secret" },
    missing: name === "mock" ? (missing ?? null) : null
  }))
  const registry = Layer.succeed(ProviderRegistry, {
    get: (name) => providers.find((provider) => provider.name === name) ?? null,
    all: () => providers,
    models: () => Effect.succeed(["m"])
  })
  const ledger = Layer.effect(
    Ledger,
    Effect.map(LedgerMemory.make, (memory) => ({
      ...memory,
      open: (opening: Opening) =>
        brokenLedger === true
          ? Effect.fail(new LedgerError({ operation: "open", cause: "disk full" }))
          : Effect.tap(memory.open(opening), () => {
              steps.push("open")
              openings.push(opening)
            }),
      settle: (settlement: Settlement) =>
        Effect.tap(memory.settle(settlement), () => {
          steps.push("settle")
          settlements.push(settlement)
        })
    }))
  )
  const settings = Settings.layer(
    Schema.decodeUnknownSync(PenstockConfig)({
      providers: Object.fromEntries(scripts.map(([name]) => [name, { protocol: "openai", base_url, pricing }])),
      // One attempt, unless a test is about more.
      defaults: { retry: { max: 0 } },
      ...config
    })
  )
  const layer = Gateway.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(Router.layer, Breakers.layer, Latencies.layer, Budgets.layer, RateLimits.layer)),
    Layer.provideMerge(ledger),
    Layer.provide(Layer.mergeAll(registry, PriceBook.layer)),
    Layer.provide(registry),
    Layer.provide(settings)
  )
  return { layer, transport: transports["mock"]!, transports, asked, steps, openings, settlements }
}

export const request: ChatRequest = {
  model: "mock/m",
  messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
  extra: {}
}

/** An HTTP client's call, as an endpoint makes it. */
export const call = (stream: boolean, over: Partial<Call<Uint8Array>> = {}) =>
  Effect.map(RequestId.next, (id): Call<Uint8Array> => {
    const json = { model: "mock/m", messages: [{ role: "user", content: "hello" }], stream }
    const context = { created: 1, includeUsage: false }
    return {
      id,
      arrivedAt: 0,
      caller: anonymous,
      endpoint: "chat.completions",
      workflowName: null,
      model: json.model,
      stream,
      demand: () => Demand.ofBody(JSON.stringify(json).length, json),
      lane: (provider, model) =>
        provider.protocol.id === dialect.id
          ? Either.right(
              Lanes.passThrough(dialect, provider, model, { bytes: Buffer.from(JSON.stringify(json)), json }, context)
            )
          : Lanes.translated(
              dialect,
              provider,
              model,
              { ...request, stream },
              { contextWindow: null, maxOutputTokens: null },
              context
            ),
      ...over
    }
  })

export interface Recorded<Out> extends Sink<Out> {
  readonly heads: Array<Head>
  readonly out: Array<Out>
  readonly ends: Array<NanoDollars | null>
  /** Takes more again. */
  readonly drain: () => void
}

/** A sink that keeps what it gets. After so many writes it wants no more until it is drained. */
export const sink = <Out>(pauseAfter = Number.POSITIVE_INFINITY): Recorded<Out> => {
  const heads: Array<Head> = []
  const out: Array<Out> = []
  const ends: Array<NanoDollars | null> = []
  let resume = () => {}
  let limit = pauseAfter
  return {
    heads,
    out,
    ends,
    drain: () => {
      limit = Number.POSITIVE_INFINITY
      resume()
    },
    begin: (head) => heads.push(head),
    write: (each) => {
      out.push(each)
      return out.length < limit
    },
    onDrain: (how) => {
      resume = how
    },
    end: (cost) => ends.push(cost)
  }
}

export const textOf = (recorded: Recorded<Uint8Array>): string => Buffer.concat(recorded.out).toString()

/** Lets everything run that can run without time passing or bytes arriving. */
export const settled = Effect.repeatN(Effect.yieldNow(), 50)
