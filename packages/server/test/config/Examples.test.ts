import { assert, describe, it } from "@effect/vitest"
import { builtIn, FailoverConfig } from "@penstock/schema/config/Failover"
import { FaultConfig } from "@penstock/schema/config/Fault"
import { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import { keys as keysOf } from "@penstock/server/config/Expectation"
import * as Overrides from "@penstock/server/config/Overrides"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { parse } from "yaml"
import { assembled } from "./Assemble.ts"

const root = path.resolve(import.meta.dirname, "../../../..")
const text = (name: string) => fs.readFileSync(path.join(root, name), "utf8")

describe("the examples that a person copies", () => {
  it.effect("penstock.example.yaml is right, without a warning, and its defaults are the defaults", () =>
    Effect.gen(function* () {
      const yaml = text("penstock.example.yaml")
      const { config, warnings } = yield* assembled({ yaml })
      assert.deepStrictEqual(warnings, [])
      const defaults = (yield* assembled({})).config
      for (const section of ["server", "database", "routes", "cache", "logging"] as const) {
        assert.isDefined((parse(yaml) as Record<string, unknown>)[section])
        assert.deepStrictEqual(config[section], defaults[section])
      }
      assert.deepStrictEqual(config.defaults, builtIn)
    })
  )

  it.effect("its commented keys are right, too", () =>
    Effect.gen(function* () {
      const yaml = text("penstock.example.yaml").replaceAll(/^( *)# ?(keys:|  .*|fault: .*)$/gm, "$1$2")
      const { config, warnings } = yield* assembled({ yaml, env: { ALICE_KEY: "sesame-open" } })
      assert.deepStrictEqual(config.keys[0]?.budget, { usd: 1, per: "day" })
      assert.strictEqual(config.keys[0]?.rate?.concurrent, 8)
      assert.deepStrictEqual(
        warnings.map((issue) => issue.message),
        ["provider mock fails on purpose"]
      )
    })
  )

  it("every key of the format is in it but what comes later", () => {
    const yaml = text("penstock.example.yaml")
    const sections = keysOf(PenstockFile.ast).filter((key) => key !== "workflows")
    for (const key of [...sections, ...keysOf(FailoverConfig.ast), ...keysOf(FaultConfig.ast)]) {
      assert.match(yaml, new RegExp(`\\b${key}\\b`), key)
    }
  })

  it.effect(".env.example names every variable, and copied as it is changes nothing", () =>
    Effect.gen(function* () {
      const dotenv = text(".env.example")
      for (const { name } of Overrides.variables) assert.match(dotenv, new RegExp(`^(# )?${name}=`, "m"))
      assert.deepStrictEqual((yield* assembled({ dotenv })).config, (yield* assembled({})).config)
    })
  )
})
