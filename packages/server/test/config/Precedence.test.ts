import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { parse } from "yaml"
import { renderJson, renderYaml } from "@penstock/server/config/EffectiveConfig"
import { assembled } from "./Assemble.ts"
import { warnings } from "./Warnings.ts"

describe("flags win over the environment, that over .env, that over the file, that over the default", () => {
  const yaml = "server: {port: 4}\n"
  const dotenv = "PORT=3\n"
  const env = { PORT: "2" }
  const flags = { port: Option.some(1) }
  const portOf = (given: Parameters<typeof assembled>[0]) =>
    Effect.map(assembled(given), (loaded) => loaded.config.server.port)

  it.effect("each in its turn", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* portOf({ yaml, dotenv, env, flags }), 1)
      assert.strictEqual(yield* portOf({ yaml, dotenv, env }), 2)
      assert.strictEqual(yield* portOf({ yaml, dotenv }), 3)
      assert.strictEqual(yield* portOf({ yaml }), 4)
      assert.strictEqual(yield* portOf({}), 8080)
    })
  )

  it.effect("an empty variable counts as unset, here and in .env", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* portOf({ yaml, dotenv, env: { PORT: "" } }), 3)
      assert.strictEqual(yield* portOf({ yaml, dotenv: "PORT=\n" }), 4)
    })
  )

  it.effect("every variable arrives at its key", () =>
    Effect.gen(function* () {
      const { config, origins } = yield* assembled({
        env: {
          HOST: "localhost",
          PENSTOCK_ADMIN_KEY: "the-admin-key",
          PENSTOCK_DATABASE: "a.db",
          PENSTOCK_WORKFLOWS: "flows",
          LOG_LEVEL: "WARN",
          OPENAI_API_KEY: "sk-o",
          OPENAI_BASE_URL: "http://127.0.0.1:1/v1",
          ANTHROPIC_API_KEY: "sk-a",
          ANTHROPIC_BASE_URL: "http://127.0.0.1:2",
          OLLAMA_BASE_URL: "http://127.0.0.1:3"
        }
      })
      assert.strictEqual(config.server.host, "localhost")
      assert.strictEqual(Redacted.value(config.server.admin_key!), "the-admin-key")
      assert.strictEqual(config.database, "a.db")
      assert.strictEqual(config.workflows, "flows")
      assert.strictEqual(config.logging.level, "warning")
      const { anthropic, ollama, openai } = config.providers
      assert.strictEqual(Redacted.value(openai!.api_key!), "sk-o")
      assert.strictEqual(openai!.base_url, "http://127.0.0.1:1/v1")
      assert.strictEqual(Redacted.value(anthropic!.api_key!), "sk-a")
      assert.strictEqual(anthropic!.base_url, "http://127.0.0.1:2")
      assert.strictEqual(ollama!.base_url, "http://127.0.0.1:3")
      assert.strictEqual(origins.get("server.host"), "HOST")
    })
  )
})

describe("providers", () => {
  it.effect("the built-in ones exist without being named, each naming the variable that it lacks", () =>
    Effect.gen(function* () {
      const { providers } = (yield* assembled({})).config
      assert.deepStrictEqual(Object.keys(providers), ["openai", "anthropic", "ollama", "demo"])
      assert.strictEqual(providers["openai"]!.key_variable, "OPENAI_API_KEY")
      assert.strictEqual(providers["openai"]!.base_url, "https://api.openai.com/v1")
      assert.strictEqual(providers["anthropic"]!.key_variable, "ANTHROPIC_API_KEY")
      assert.isUndefined(providers["ollama"]!.key_variable)
    })
  )

  it.effect("a file adds to a built-in one what it says and leaves the rest", () =>
    Effect.gen(function* () {
      const yaml = "providers:\n  openai: {headers: {x-team: blue}, pricing: {input: 1, output: 2}}\n"
      const { openai } = (yield* assembled({ yaml, env: { OPENAI_API_KEY: "sk-o" } })).config.providers
      assert.strictEqual(openai!.base_url, "https://api.openai.com/v1")
      assert.strictEqual(Redacted.value(openai!.headers["x-team"]!), "blue")
      assert.deepStrictEqual(openai!.pricing, { input: 1, output: 2 })
    })
  )

  it.effect("a key whose variable is not set stops nothing, and the variable is remembered", () =>
    Effect.gen(function* () {
      const yaml =
        'providers:\n  mock: {protocol: openai, base_url: "http://localhost:1", api_key: "${env.MOCK_KEY}"}\n'
      const missing = (yield* assembled({ yaml })).config.providers["mock"]!
      assert.isUndefined(missing.api_key)
      assert.strictEqual(missing.key_variable, "MOCK_KEY")
      const set = (yield* assembled({ yaml, dotenv: "MOCK_KEY=abc" })).config.providers["mock"]!
      assert.strictEqual(Redacted.value(set.api_key!), "abc")
      assert.strictEqual(set.key_variable, "MOCK_KEY")
    })
  )

  it.effect("the variable that a file names for a built-in one is the one to set", () =>
    Effect.gen(function* () {
      const yaml = 'providers: {openai: {api_key: "${env.TEAM_KEY}"}}\n'
      const { openai } = (yield* assembled({ yaml })).config.providers
      assert.strictEqual(openai!.key_variable, "TEAM_KEY")
    })
  )

  it.effect("key_variable is not for the file", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(assembled({ yaml: "providers: {openai: {key_variable: X}}\n" }))
      assert.include(error.message, 'unknown key "key_variable"')
    })
  )
})

describe("variables in the file", () => {
  const database = (text: string, env: { readonly [name: string]: string }) =>
    Effect.map(assembled({ yaml: `database: ${text}\n`, env }), (loaded) => loaded.config.database)

  it.effect("stand alone, inside a text, more than once, and escaped", () =>
    Effect.gen(function* () {
      const env = { A: "one", B: "two" }
      assert.strictEqual(yield* database('"${env.A}"', env), "one")
      assert.strictEqual(yield* database('"x/${env.A}/${ env.B }.db"', env), "x/one/two.db")
      assert.strictEqual(yield* database('"$${env.A}"', env), "${env.A}")
      assert.strictEqual(yield* database('"${env.A}"', { A: "${env.B}", B: "no" }), "${env.B}")
    })
  )

  it.effect("unquoted they read as YAML would read their value", () =>
    Effect.gen(function* () {
      const { config } = yield* assembled({ yaml: "server:\n  port: ${env.P}\n", env: { P: "9001" } })
      assert.strictEqual(config.server.port, 9001)
    })
  )

  it.effect("a key stays a text, whatever it looks like", () =>
    Effect.gen(function* () {
      const yaml = "keys:\n  - name: a\n    key: ${env.K}\n"
      const { config } = yield* assembled({ yaml, env: { K: "123456789" } })
      assert.strictEqual(Redacted.value(config.keys[0]!.key), "123456789")
    })
  )

  it.effect("in a comment they mean nothing", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* database("x.db # ${env.NOPE}", {}), "x.db")
    })
  )
})

describe("what is accepted with a warning", () => {
  const warningsOf = (yaml: string) =>
    Effect.map(assembled({ yaml }), (loaded) =>
      loaded.warnings.map((issue) => `${issue.line}:${issue.column} ${issue.path}`)
    )

  it.effect("nothing that this version acts on", () =>
    Effect.gen(function* () {
      const yaml = [
        "defaults: {retry: {max: 2}, fallback_on: []}",
        "mcp: {servers: {}}",
        "budget: {usd: 10, per: day}",
        "keys:",
        "  - {name: a, key: aaaaaaaa, budget: {usd: 1, per: day}, rate: {concurrent: 1}}",
        "models:",
        "  fast:",
        "    targets: [openai/gpt-4o-mini, {model: demo/echo, weight: 2}]",
        "    strategy: weighted",
        "    retry: {max: 1}",
        "    timeout: {total: 1s}",
        "    hedge: {after: 0ms}"
      ].join("\n")
      assert.deepStrictEqual(yield* warningsOf(yaml), [])
    })
  )

  it.effect("a model that is probably a misspelled name of one's own", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* warningsOf("models: {fast: openai/x, quick: fasd}\n"), ["1:33 models.quick"])
    })
  )

  it.effect("a route behind the one that takes everything", () =>
    Effect.gen(function* () {
      const yaml = "routes:\n  - {match: ['*'], provider: demo}\n  - {match: ['gpt-*'], provider: openai}\n"
      assert.deepStrictEqual(yield* warningsOf(yaml), ["3:5 routes[1]"])
    })
  )

  for (const { name, told, yaml } of warnings) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const loaded = yield* assembled({ yaml })
        assert.deepStrictEqual(
          loaded.warnings.map((issue) => `${issue.line}:${issue.column} ${issue.path}: ${issue.message}`),
          [told]
        )
      })
    )
  }

  it.effect("nothing in a file that is right, nor in one that is empty", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* warningsOf(""), [])
      assert.deepStrictEqual(yield* warningsOf("# nothing yet\nserver:\nkeys:\n"), [])
      const yaml = [
        "models: {fast: {targets: [demo/echo, local, gpt-4o, slow]}, slow: claude-sonnet}",
        "server: {host: '::1', shutdown_grace: 500ms, max_body: 512kb}"
      ].join("\n")
      assert.deepStrictEqual(yield* warningsOf(yaml), [])
    })
  )

  it.effect("aliases are followed", () =>
    Effect.gen(function* () {
      const { config } = yield* assembled({
        yaml: "server: {port: &n 5}\nlogging: {level: &l debug}\npricing: {overrides: {a: {input: *n, output: *n}}}\n"
      })
      assert.deepStrictEqual(config.pricing.overrides["a"], { input: 5, output: 5 })
    })
  )

  it.effect("an open gateway for others, when that is meant", () =>
    Effect.gen(function* () {
      const { config } = yield* assembled({ env: { HOST: "0.0.0.0" }, flags: { insecure: true } })
      assert.strictEqual(config.server.host, "0.0.0.0")
    })
  )
})

describe("the printed configuration", () => {
  const yaml = [
    "server: {auth: keys, admin_key: hunter2-admin, shutdown_grace: 90s}",
    "keys: [{name: alice, key: hunter2-alice}]",
    "providers:",
    "  openai: {api_key: hunter2-openai, headers: {x-token: hunter2-header}}",
    "  demo: {rate: {concurrent: 3}, fault: {delay: 2s}, api_key: hunter2-demo}",
    "  mine: {protocol: openai, base_url: 'http://me:hunter2@localhost:1/v1'}"
  ].join("\n")

  it.effect("shows no secret", () =>
    Effect.gen(function* () {
      const loaded = yield* assembled({ yaml, env: { ANTHROPIC_API_KEY: "hunter2-anthropic" } })
      for (const text of [renderYaml(loaded), renderJson(loaded), JSON.stringify(loaded), String(loaded)]) {
        assert.notMatch(text.replaceAll('"base_url":"http://me:hunter2@localhost:1/v1"', ""), /hunter2/)
      }
      assert.include(renderYaml(loaded), "api_key: <redacted> # from ANTHROPIC_API_KEY")
    })
  )

  it.effect("says the same in YAML and JSON, in the units of the file", () =>
    Effect.gen(function* () {
      const loaded = yield* assembled({ yaml })
      const fromYaml: unknown = parse(renderYaml(loaded))
      assert.deepStrictEqual(fromYaml, JSON.parse(renderJson(loaded)))
      assert.include(renderYaml(loaded), "shutdown_grace: 90s")
    })
  )

  it.effect("is itself a configuration", () =>
    Effect.gen(function* () {
      const given = [
        "models: {fast: {targets: [demo/echo, openai/x], timeout: {idle: 90s}, hedge: {after: 0ms}}, slow: demo/echo}",
        "server: {max_body: 3kb}",
        "defaults: {retry: {max: 0, delay: 1ms}, breaker: {cooldown: 2m}, fallback_on: []}",
        "budget: {usd: 0.000000001, per: month}",
        "cache: {enabled: true, ttl: 36h}",
        "providers: {demo: {rate: {tokens_per_minute: 7}, fault: {status: 429, retry_after: 1500ms, seed: 7}}}"
      ].join("\n")
      const loaded = yield* assembled({ yaml: given })
      const again = yield* assembled({ yaml: renderYaml(loaded) })
      assert.deepStrictEqual(again.config, loaded.config)
    })
  )
})
