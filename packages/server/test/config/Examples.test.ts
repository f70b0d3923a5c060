import { assert, describe, it } from "@effect/vitest"
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
      for (const section of ["server", "database", "routes", "logging"] as const) {
        assert.isDefined((parse(yaml) as Record<string, unknown>)[section])
        assert.deepStrictEqual(config[section], defaults[section])
      }
    })
  )

  it.effect("its commented keys are right, too", () =>
    Effect.gen(function* () {
      const yaml = text("penstock.example.yaml").replaceAll(/^# (keys:|  - \{ name)/gm, "$1")
      const { config } = yield* assembled({ yaml, env: { ALICE_KEY: "sesame-open" } })
      assert.strictEqual(config.keys[0]?.name, "alice")
    })
  )

  it.effect(".env.example names every variable, and copied as it is changes nothing", () =>
    Effect.gen(function* () {
      const dotenv = text(".env.example")
      for (const { name } of Overrides.variables) assert.match(dotenv, new RegExp(`^(# )?${name}=`, "m"))
      assert.deepStrictEqual((yield* assembled({ dotenv })).config, (yield* assembled({})).config)
    })
  )
})
