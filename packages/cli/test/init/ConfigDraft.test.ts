/** Whatever a machine has and a person answers: the file is right, and says what was meant. */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigDraft from "@penstock/cli/init/ConfigDraft"
import * as Interview from "@penstock/cli/init/Interview"
import { assemble } from "@penstock/server/config/ConfigLoader"
import { vendors } from "@penstock/server/config/Discovery"
import * as Environment from "@penstock/server/config/Environment"
import { variablesIn } from "@penstock/server/config/Interpolation"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"

const nothing = Option.none()
const flags = { config: nothing, host: nothing, port: nothing, database: nothing, workflows: nothing, insecure: false }

const situations = FastCheck.record({
  auth: FastCheck.constantFrom("none" as const, "keys" as const),
  budget: FastCheck.option(FastCheck.integer({ min: 1, max: 1_000_000_000 }).map((cents) => cents / 1000)),
  vendors: FastCheck.subarray([...vendors]),
  ollama: FastCheck.option(FastCheck.array(FastCheck.constantFrom("qwen2.5:7b", "llama3.2", "hf.co/a/b:Q4_K_M")))
})

const written = (text: string, names: ReadonlyArray<string>) =>
  Environment.read(variablesIn(text), null).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(names.map((name) => [name, `secret-of-${name}`])))),
    Effect.flatMap((environment) => assemble({ name: "penstock.yaml", text }, environment, flags))
  )

describe("the file that init writes", () => {
  it("is accepted without a warning, with what was found and what was chosen in force", async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(situations, async ({ auth, budget, ollama, vendors: known }) => {
        const found = { vendors: known, ollama, isSet: () => false }
        const text = ConfigDraft.render({ auth, budget }, found)
        const names = [...known.map(({ variable }) => variable), ...ConfigDraft.secrets]
        const { config, warnings } = await Effect.runPromise(written(text, names))
        assert.deepStrictEqual(warnings, [])
        assert.strictEqual(config.server.auth, auth)
        assert.deepStrictEqual(config.budget, budget === null ? undefined : { usd: budget, per: "day" })
        assert.strictEqual(config.keys.length, auth === "keys" ? 1 : 0)
        for (const { baseUrl, name } of known) {
          if (baseUrl !== null) assert.strictEqual(config.providers[name]?.base_url, baseUrl)
        }
      }),
      { numRuns: 200 }
    )
  })

  it("sends the default name to what the machine has, hosted ones first", () => {
    const target = (names: ReadonlyArray<string>, ollama: ReadonlyArray<string> | null) =>
      /targets:\n +- (.+)/.exec(
        ConfigDraft.render(
          { auth: "none", budget: null },
          { vendors: vendors.filter(({ name }) => names.includes(name)), ollama, isSet: () => false }
        )
      )?.[1]
    assert.strictEqual(target(["openai", "anthropic"], ["llama3.2"]), "openai/gpt-4o-mini")
    assert.strictEqual(target(["anthropic"], ["llama3.2"]), "claude-haiku")
    assert.strictEqual(target(["groq"], ["llama3.2"]), "ollama/llama3.2")
    assert.strictEqual(target([], []), "demo/echo")
  })
})

describe("the answers", () => {
  it("take a budget that the configuration takes, and no other", () => {
    for (const usd of [0.000000001, 0.1, 10, 1_000_000]) assert.isTrue(Interview.isBudget(usd), String(usd))
    for (const usd of [-1, 1_000_001, 1e-10, Number.NaN]) assert.isFalse(Interview.isBudget(usd), String(usd))
  })

  it("without any are the defaults: nobody is asked for a key, and no limit", () => {
    const given = { auth: Option.none(), budget: Option.none() }
    assert.deepStrictEqual(Interview.defaults(given), { auth: "none", budget: null })
    assert.deepStrictEqual(Interview.defaults({ ...given, budget: Option.some(0) }), { auth: "none", budget: null })
  })
})

it("the secrets are put behind what .env has", () => {
  const made = new Map([["PENSTOCK_KEY", "sk-1"]])
  assert.strictEqual(ConfigDraft.withSecrets("A=1", made), "A=1\nPENSTOCK_KEY=sk-1\n")
  assert.strictEqual(ConfigDraft.withSecrets("", made), "PENSTOCK_KEY=sk-1\n")
})
