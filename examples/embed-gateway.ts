/**
 * Penstock without a server: the `Gateway` in an Effect program of your own, with a ledger in memory, and with a double
 * in place of a provider, as your tests would have it.
 *
 *     npm run build
 *     node examples/dist/embed-gateway.js
 */
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Gateway from "@penstock/gateway/Gateway"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as Embed from "@penstock/gateway/operations/embeddings/Embed"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import type { Transport } from "@penstock/gateway/providers/Transport"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Router from "@penstock/gateway/routing/Router"
import * as Settings from "@penstock/gateway/Settings"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** The configuration is a value; a file is only one way to get it. */
const config = Schema.decodeSync(PenstockConfig)({
  models: { assistant: "demo/echo" }
})

const request = (model: string, content: string): ChatRequest => ({
  model,
  messages: [{ role: "user", content: [{ type: "text", text: content }] }],
  extra: {}
})

/** Your program knows the service, not what is behind it. */
const program = Effect.gen(function* () {
  const gateway = yield* Gateway.Gateway
  const ledger = yield* Ledger

  const answer = yield* gateway.complete(request("assistant", "Hello from a layer"))
  yield* Console.log(answer.content)

  yield* gateway.stream(request("assistant", "one word after another")).pipe(
    Stream.filter((event) => event.type === "text-delta"),
    Stream.runForEach((event) => Console.log(event.text))
  )

  const explanation = yield* gateway.explain("gpt-4o-mini")
  yield* Console.log(explanation.candidates)

  const { usage, vectors } = yield* Embed.embed({ model: "demo/embed", input: ["two", "texts"] })
  yield* Console.log(`${vectors.length} vectors, ${usage?.totalTokens} tokens`)

  yield* ledger.flush
  const { total } = yield* ledger.costs({ by: [] })
  yield* Console.log(`${total.requests} requests, ${total.total_tokens} tokens`)
})

/** Everything but the providers: replace `LedgerMemory` by `LedgerSqlite.layerFile("penstock.db")` to keep the rows. */
const layerGateway = Gateway.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Router.layer, Breakers.layer, Latencies.layer, Budgets.layer, RateLimits.layer)),
  Layer.provideMerge(LedgerMemory.layer),
  Layer.provideMerge(PriceBook.layer)
)

const layerProviders = ProviderRegistry.layer.pipe(Layer.provide(HttpTransport.layer))

/** A double: the real registry, whose every provider answers from this file. Routing and ledger stay real. */
const layerDouble = Layer.effect(
  ProviderRegistry.ProviderRegistry,
  Effect.map(ProviderRegistry.ProviderRegistry, (real) => ({
    ...real,
    get: (name: string) => {
      const provider = real.get(name)
      return provider === null ? null : { ...provider, transport: canned }
    }
  }))
).pipe(Layer.provide(layerProviders))

const canned: Transport = {
  exchange: ({ path }, receiver) =>
    Effect.sync(() => {
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      const vector = { object: "embedding", embedding: [1, 0] }
      const vectors = { object: "list", data: [0, 1].map((index) => ({ ...vector, index })), usage }
      const chat = {
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 0,
        model: "canned",
        choices: [{ index: 0, message: { role: "assistant", content: "canned" }, finish_reason: "stop" }],
        usage
      }
      const body = path === "/embeddings" ? vectors : chat
      receiver.onHead(200, { "content-type": "application/json" }, () => {})
      receiver.onChunk(Buffer.from(JSON.stringify(body)))
    })
}

const settings = Settings.layer(config)

await Effect.runPromise(
  program.pipe(Effect.provide(layerGateway.pipe(Layer.provide(layerProviders), Layer.provide(settings))))
)

console.log("-- with a double")
await Effect.runPromise(
  program.pipe(Effect.provide(layerGateway.pipe(Layer.provide(layerDouble), Layer.provide(settings))))
)
