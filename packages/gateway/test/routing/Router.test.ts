import { assert, describe, it } from "@effect/vitest"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import { HttpTransport } from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import { Router, layer as routerLayer } from "@penstock/gateway/routing/Router"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { scripted, type Answer } from "../exchange/transport.ts"

const decode = Schema.decodeUnknownSync(PenstockConfig)
const openai = { protocol: "openai", base_url: "https://api.openai.com/v1", api_key: "sk-test" }
const anthropic = { protocol: "anthropic", base_url: "https://api.anthropic.com", api_key: "sk-ant" }
const mock = { protocol: "openai", base_url: "http://127.0.0.1:9/v1" }
const configOf = (more: object = {}) => decode({ providers: { openai, anthropic, mock }, ...more })

const tags = (...names: ReadonlyArray<string>): Answer => ({
  headers: { "content-type": "application/json" },
  chunks: [JSON.stringify({ models: names.map((model) => ({ model, name: model })) })]
})

/** A router over a configuration that may change, and providers that list what the test says. */
const routerOf = (config: () => PenstockConfig, list: () => Answer = () => ({ then: "unreachable" })) => {
  const settings = Layer.succeed(Settings.Settings, Settings.make(config))
  const http = Layer.succeed(HttpTransport, { to: () => scripted(list) })
  return routerLayer.pipe(
    Layer.provide(Layer.mergeAll(PriceBook.layer, ProviderRegistry.layer)),
    Layer.provide(Layer.mergeAll(settings, http))
  )
}

/** How a name was understood and what it led to, in the order of trying; `!` marks what was dropped. */
const planned = (model: string) =>
  Effect.map(
    Effect.flatMap(Router, ({ plan }) => plan(model)),
    ({ candidates, matched, matchedBy, targets }) => {
      const kept = candidates.filter((each) => each.kept)
      assert.deepStrictEqual(
        targets.map(({ model, provider }) => ({ model, provider })),
        kept.map(({ model, provider }) => ({ model, provider }))
      )
      const to = candidates.map((each) => `${each.kept ? "" : "!"}${each.provider} ${each.model}`)
      return [`${matchedBy} ${matched}`, ...to]
    }
  )

const leads = (names: { readonly [name: string]: ReadonlyArray<string> }) =>
  Effect.forEach(Object.entries(names), ([name, expected]) =>
    Effect.map(planned(name), (plan) => assert.deepStrictEqual(plan, expected, name))
  )

/** A test of one configuration. */
const over = <A, E>(more: object, effect: Effect.Effect<A, E, Router>, list?: () => Answer): Effect.Effect<A, E> => {
  const config = configOf(more)
  return Effect.provide(
    effect,
    routerOf(() => config, list)
  )
}

describe("a name", () => {
  it.effect("follows the default routes: OpenAI's and Anthropic's names to them, all others to Ollama", () =>
    over(
      {},
      leads({
        "gpt-4o-mini": ["route gpt-*", "openai gpt-4o-mini"],
        "o3-mini": ["route o3*", "openai o3-mini"],
        "text-embedding-3-small": ["route text-embedding-*", "openai text-embedding-3-small"],
        "claude-3-5-haiku-latest": ["route claude*", "anthropic claude-3-5-haiku-latest"],
        "demo/echo": ["provider demo", "demo echo"],
        "llama3.2": ["route *", "ollama llama3.2"],
        "qwen2.5:32b-instruct": ["route *", "ollama qwen2.5:32b-instruct"],
        "hf.co/bartowski/Llama-3.2:Q4_K_M": ["route *", "ollama hf.co/bartowski/Llama-3.2:Q4_K_M"],
        "my-gpt-4": ["route *", "ollama my-gpt-4"],
        "GPT-4o": ["route *", "ollama GPT-4o"]
      })
    )
  )

  it.effect("addresses a provider directly as provider/model, whatever the model's name holds", () =>
    over(
      {},
      leads({
        "mock/gpt-4o": ["provider mock", "mock gpt-4o"],
        "mock/meta-llama/Llama-3:free": ["provider mock", "mock meta-llama/Llama-3:free"],
        "mock//x": ["provider mock", "mock /x"],
        "ollama/qwen2.5:32b-instruct": ["provider ollama", "ollama qwen2.5:32b-instruct"],
        // No provider is called so, or no model is named.
        "nobody/gpt-4o": ["route *", "ollama nobody/gpt-4o"],
        "mock/": ["route *", "ollama mock/"],
        "/mock": ["route *", "ollama /mock"],
        "/": ["route *", "ollama /"]
      })
    )
  )

  it.effect("in the configuration comes before everything else", () =>
    over(
      { models: { "gpt-4o": "mock/mine", "openai/gpt-4o": "mock/other", "demo/echo": { targets: ["mock/echo"] } } },
      leads({
        "gpt-4o": ["alias gpt-4o", "mock mine"],
        "openai/gpt-4o": ["alias openai/gpt-4o", "mock other"],
        "demo/echo": ["model demo/echo", "mock echo"],
        "openai/gpt-4o-mini": ["provider openai", "openai gpt-4o-mini"]
      })
    )
  )

  it.effect("stands for what its alias stands for, through any number of aliases", () =>
    over(
      { models: { a: "b", b: "c", c: "gpt-4o", d: "mock/x" } },
      leads({ a: ["alias a", "openai gpt-4o"], c: ["alias c", "openai gpt-4o"], d: ["alias d", "mock x"] })
    )
  )

  it.effect("stands for its targets in the order of the file, those of other names included", () =>
    over(
      {
        models: {
          fast: { targets: ["openai/gpt-4o-mini", { model: "cheap", weight: 2 }, "claude-3-5-haiku-latest"] },
          cheap: { targets: ["mock/a", "demo/echo"] }
        }
      },
      leads({
        fast: ["model fast", "openai gpt-4o-mini", "mock a", "demo echo", "anthropic claude-3-5-haiku-latest"]
      })
    )
  )

  it.effect("follows the routes of the file in their order, the first match wins", () =>
    over(
      {
        routes: [
          { match: ["a.c", "x*z"], provider: "mock" },
          { match: ["x*"], provider: "openai" },
          { match: ["*-y-*"], provider: "demo" }
        ]
      },
      leads({
        "a.c": ["route a.c", "mock a.c"],
        abc: ["none null"],
        xz: ["route x*z", "mock xz"],
        "x\nz": ["route x*z", "mock x\nz"],
        "x/z": ["route x*z", "mock x/z"],
        xzy: ["route x*", "openai xzy"],
        "ax-y-": ["route *-y-*", "demo ax-y-"],
        "-y": ["none null"]
      })
    )
  )

  it.effect("that nothing matches leads nowhere, and so does one that goes in a circle", () =>
    over(
      { routes: [], models: { a: "b", b: { targets: ["a", "mock/x"] }, self: "self" } },
      leads({ unknown: ["none null"], self: ["alias self"], a: ["alias a", "mock x"] })
    )
  )

  it.effect("that every object has is a name like any other", () =>
    over(
      {},
      Effect.forEach(["__proto__", "constructor", "toString", "hasOwnProperty", "constructor/name"], (name) =>
        Effect.map(planned(name), (plan) => assert.deepStrictEqual(plan, ["route *", `ollama ${name}`]))
      )
    )
  )

  it.effect("of any kind has a plan", () => {
    const config = configOf({ models: { fast: { targets: ["openai/x", "local"] } } })
    return Effect.gen(function* () {
      const { plan } = yield* Router
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-z*/.:-]*$/)),
            async (name) => {
              const { targets } = await Effect.runPromise(plan(name))
              assert.isAtLeast(targets.length, 1)
            }
          )
        )
      )
    }).pipe(Effect.provide(routerOf(() => config)))
  })

  it.effect("is matched in time, however many stars a pattern has and however long the name is", () =>
    over(
      { routes: [{ match: ["*a*a*a*a*a*a*b"], provider: "mock" }] },
      Effect.map(planned("a".repeat(20_000)), (plan) => assert.deepStrictEqual(plan, ["none null"]))
    )
  )
})

describe("a target that cannot be called", () => {
  it.effect("is dropped with the reason, which names what to set", () => {
    const config = decode({
      providers: {
        openai: { protocol: "openai", base_url: "https://api.openai.com/v1", key_variable: "OPENAI_API_KEY" },
        nowhere: { protocol: "openai" }
      },
      routes: [{ match: ["odd"], provider: "gone" }],
      models: { fast: { targets: ["openai/gpt-4o", "nowhere/x", "odd", "demo/echo"] } }
    })
    return Effect.gen(function* () {
      const { plan } = yield* Router
      const { candidates, targets } = yield* plan("fast")
      assert.deepStrictEqual(targets, [{ provider: "demo", model: "echo", weight: 1, capabilities: {} }])
      assert.deepStrictEqual(
        candidates.map(({ kept, reason }) => [kept, reason]),
        [
          [false, "OPENAI_API_KEY is not set"],
          [false, "providers.nowhere.base_url is not set"],
          [false, 'there is no provider "gone"'],
          [true, 'provider "demo" is configured']
        ]
      )
      assert.deepStrictEqual(
        candidates.map((each) => each.protocol),
        ["openai-chat", "openai-chat", null, "openai-chat"]
      )
    }).pipe(Effect.provide(routerOf(() => config)))
  })

  it.effect("of a built-in provider is named by its variable, without any configuration", () => {
    const config = decode({})
    return Effect.gen(function* () {
      const { plan } = yield* Router
      const reasons = (name: string) =>
        Effect.map(plan(name), ({ candidates }) => candidates.map((each) => each.reason))
      assert.deepStrictEqual(yield* reasons("gpt-4o"), ["OPENAI_API_KEY is not set"])
      assert.deepStrictEqual(yield* reasons("claude-x"), ["ANTHROPIC_API_KEY is not set"])
    }).pipe(Effect.provide(routerOf(() => config)))
  })
})

describe("a built-in alias", () => {
  it.effect("stands for the newest model of its family", () =>
    over(
      {},
      Effect.forEach(["sonnet", "haiku", "opus"], (family) =>
        Effect.map(planned(`claude-${family}`), ([how, target, ...rest]) => {
          assert.strictEqual(how, `alias claude-${family}`)
          assert.match(target ?? "", new RegExp(`^anthropic claude-.*${family}`))
          assert.notStrictEqual(target, `anthropic claude-${family}`)
          assert.lengthOf(rest, 0)
        })
      )
    )
  )

  it.effect("local stands for the first model that Ollama lists now", () => {
    let list = tags("llama3.2:1b", "qwen3")
    return over(
      {},
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* planned("local"), ["alias local", "ollama llama3.2:1b"])
        list = tags("qwen3")
        yield* TestClock.adjust("31 seconds")
        assert.deepStrictEqual(yield* planned("local"), ["alias local", "ollama qwen3"])
        list = tags()
        yield* TestClock.adjust("31 seconds")
        assert.deepStrictEqual(yield* planned("local"), ["alias local", "!ollama local"])
      }),
      () => list
    )
  })

  it.effect("local leads nowhere, with the reason, while Ollama does not answer", () =>
    over(
      {},
      Effect.flatMap(Router, ({ plan }) =>
        Effect.map(plan("local"), ({ candidates, targets }) => {
          assert.lengthOf(targets, 0)
          assert.strictEqual(candidates[0]?.reason, 'provider "ollama" lists no model now')
        })
      )
    )
  )

  it.effect("may be what another name stands for, or one of its targets", () =>
    over(
      { models: { mine: "local", best: "claude-sonnet", fast: { targets: ["mock/a", "local", "mine"] } } },
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* planned("mine"), ["alias mine", "ollama qwen3"])
        assert.deepStrictEqual(yield* planned("fast"), ["model fast", "mock a", "ollama qwen3", "ollama qwen3"])
        const [how, target] = yield* planned("best")
        assert.strictEqual(how, "alias best")
        assert.strictEqual(target, (yield* planned("claude-sonnet"))[1])
      }),
      () => tags("qwen3")
    )
  )

  it.effect("may be overridden", () =>
    over(
      { models: { local: "mock/a", "claude-sonnet": "anthropic/claude-sonnet-4-5", mine: "local" } },
      leads({
        local: ["alias local", "mock a"],
        mine: ["alias mine", "mock a"],
        "claude-sonnet": ["alias claude-sonnet", "anthropic claude-sonnet-4-5"]
      })
    )
  )
})

describe("the router", () => {
  it.effect("follows a change of the configuration at once", () => {
    let config = configOf({ models: { fast: "mock/a" } })
    return Effect.gen(function* () {
      const router = yield* Router
      assert.deepStrictEqual(yield* planned("fast"), ["alias fast", "mock a"])
      assert.deepStrictEqual(yield* planned("mock/x"), ["provider mock", "mock x"])
      config = configOf({ models: { fast: "mock/b", slow: "mock/c" } })
      assert.deepStrictEqual(yield* planned("fast"), ["alias fast", "mock b"])
      assert.includeMembers([...router.names()], ["fast", "slow"])
      config = decode({ providers: {} })
      assert.deepStrictEqual(yield* planned("fast"), ["route *", "ollama fast"])
      assert.deepStrictEqual(yield* planned("mock/x"), ["route *", "ollama mock/x"])
      assert.deepStrictEqual(yield* planned("gpt-4o"), ["route gpt-*", "!openai gpt-4o"])
      config = configOf()
      assert.deepStrictEqual(yield* planned("gpt-4o"), ["route gpt-*", "openai gpt-4o"])
    }).pipe(Effect.provide(routerOf(() => config)))
  })

  it.effect("lists the names of the file and the built-in aliases, each once", () =>
    over(
      { models: { fast: "mock/a", local: "mock/b" } },
      Effect.map(Router, ({ names }) =>
        assert.deepStrictEqual([...names()].toSorted(), [
          "claude-haiku",
          "claude-opus",
          "claude-sonnet",
          "fast",
          "local"
        ])
      )
    )
  )
})
