import { assert, describe, it } from "@effect/vitest"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Settings from "@penstock/gateway/Settings"
import * as ModelCatalogue from "@penstock/server/workflows/ModelCatalogue"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assembled } from "../config/Assemble.ts"

const yaml = `
models:
  fast: openai/gpt-4o-mini
  mixed: {targets: [openai/gpt-4o-mini, openai/gpt-4o]}
  rehearsal: demo/echo
providers:
  house: {protocol: openai, base_url: "http://127.0.0.1:1/v1", pricing: {input: 1, output: 2}}
`

/** Nothing but the demo is asked. */
const offline = Effect.gen(function* () {
  const { config } = yield* assembled({ yaml })
  const layer = Layer.merge(PriceBook.layer, ProviderRegistry.layer).pipe(
    Layer.provide(HttpTransport.layer),
    Layer.provideMerge(Settings.layer(config))
  )
  return yield* ModelCatalogue.make({ offline: true }).pipe(Effect.provide(layer))
})

/** As if these providers had answered with these lists. */
const withLists = (listed: ModelCatalogue.Listed) =>
  Effect.gen(function* () {
    const { config } = yield* assembled({ yaml })
    const prices = yield* PriceBook.make.pipe(Effect.provide(Settings.layer(config)))
    return ModelCatalogue.of({ config, prices, priced: [], listed, at: 0 })
  })

describe("the models that a workflow is checked against", () => {
  it.effect("names of the configuration and vendors' models have prices", () =>
    Effect.gen(function* () {
      const models = yield* offline
      assert.deepStrictEqual(models.find("fast"), models.find("openai/gpt-4o-mini"))
      assert.deepStrictEqual(models.find("fast")?.price, { input: 150_000, output: 600_000 })
      assert.deepStrictEqual(models.find("house/anything")?.price, { input: 1_000_000, output: 2_000_000 })
      assert.isAbove(models.find("claude-sonnet")?.price?.input ?? 0, 0)
    })
  )

  it.effect("of targets that stand in for each other the dearest counts", () =>
    Effect.gen(function* () {
      const models = yield* offline
      assert.deepStrictEqual(models.find("mixed")?.price, models.find("gpt-4o")?.price)
    })
  )

  it.effect("what runs in this process and on this machine is free", () =>
    Effect.gen(function* () {
      const models = yield* offline
      for (const name of ["demo/echo", "rehearsal", "qwen2.5:32b-instruct", "local"]) {
        assert.deepStrictEqual(models.find(name)?.price, { input: 0, output: 0 }, name)
      }
    })
  )

  it.effect("a slip of the pen is no model, another version is one", () =>
    Effect.gen(function* () {
      const models = yield* offline
      for (const name of ["fasst", "gpt-4o-mni", "claude-sonet", "demo/ecko", "rehersal", "openai/gpt-4o-mnii"]) {
        assert.isNull(models.find(name), name)
      }
      for (const name of ["gpt-99-mini", "llama3.3:70b", "mistral", "phi4", "hf.co/somebody/something:q4"]) {
        assert.isNotNull(models.find(name), name)
      }
    })
  )

  it.effect("an Ollama that answers decides which models there are", () =>
    Effect.gen(function* () {
      const models = yield* withLists(new Map([["ollama", ["llama3.2:latest", "qwen2.5:32b-instruct"]]]))
      assert.isNotNull(models.find("llama3.2"))
      assert.isNotNull(models.find("qwen2.5:32b-instruct"))
      assert.isNull(models.find("mistral"))
      assert.include(models.names, "qwen2.5:32b-instruct")
    })
  )

  it.effect("another provider may serve more than it lists", () =>
    Effect.gen(function* () {
      const models = yield* withLists(new Map([["house", ["small"]]]))
      assert.isNotNull(models.find("house/large-and-new"))
      assert.include(models.names, "house/small")
    })
  )
})
