import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { Settings } from "@penstock/gateway/Settings"
import { ConfigReloads, layer } from "@penstock/server/config/ConfigFile"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { noFlags } from "./Assemble.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "penstock-config-"))),
  (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
)

const environment = (entries: { readonly [name: string]: string }) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries))))

/** Settings over a folder of its own, with the receipts of its reloads. */
const started = (files: { readonly [name: string]: string }, flags = noFlags, env = {}) =>
  Effect.gen(function* () {
    const directory = yield* folder
    const write = (name: string, text: string) => fs.writeFileSync(path.join(directory, name), text)
    for (const [name, text] of Object.entries(files)) write(name, text)
    const context = yield* Layer.build(
      layer(flags, directory).pipe(
        Layer.provide([NodeContext.layer, environment(env), Logger.minimumLogLevel(LogLevel.None)])
      )
    )
    const settings = yield* Settings.pipe(Effect.provide(context))
    const reloads = yield* ConfigReloads.pipe(Effect.provide(context))
    const receipts = yield* reloads.outcomes
    return { directory, write, settings, reloads, next: Queue.take(receipts) }
  })

describe("Settings follow the file", () => {
  it.scopedLive("a change is in force when its receipt is there", () =>
    Effect.gen(function* () {
      const { next, settings, write } = yield* started({ "penstock.yaml": "models: {a: demo/echo}\n" })
      const before = settings.current()
      write("penstock.yaml", "models: {b: demo/echo}\n")
      const outcome = yield* next
      assert.strictEqual(outcome._tag, "Reloaded")
      assert.deepStrictEqual(settings.current().models, { b: "demo/echo" })
      assert.deepStrictEqual(before.models, { a: "demo/echo" })
    })
  )

  it.scopedLive("a file that is wrong keeps the former snapshot, and the next right one is taken", () =>
    Effect.gen(function* () {
      const { next, settings, write } = yield* started({ "penstock.yaml": "models: {a: demo/echo}\n" })
      const before = settings.current()
      write("penstock.yaml", "modles: {}\n")
      const rejected = yield* next
      assert.strictEqual(rejected._tag, "Rejected")
      if (rejected._tag === "Rejected") assert.include(rejected.error.message, "penstock.yaml:1:1: modles")
      assert.strictEqual(settings.current(), before)
      write("penstock.yaml", "models: {c: demo/echo}\n")
      assert.strictEqual((yield* next)._tag, "Reloaded")
      assert.deepStrictEqual(settings.current().models, { c: "demo/echo" })
    })
  )

  it.scopedLive("policies, limits, cache and faults take effect at once, and a fault in force is told", () =>
    Effect.gen(function* () {
      const { next, settings, write } = yield* started({ "penstock.yaml": "{}\n" })
      write(
        "penstock.yaml",
        [
          "defaults: {timeout: {total: 1m}}",
          "models: {a: {targets: [demo/echo], retry: {max: 0}}}",
          "budget: {usd: 3, per: week}",
          "keys: [{name: k, key: aaaaaaaa, budget: {usd: 1, per: day}, rate: {concurrent: 2}}]",
          "cache: {enabled: true}",
          "providers: {demo: {fault: {status: 500}}}"
        ].join("\n")
      )
      const outcome = yield* next
      const warnings = outcome._tag === "Reloaded" ? outcome.warnings.map((warning) => warning.message) : []
      assert.deepStrictEqual(warnings, ["provider demo fails on purpose"])
      const { budget, cache, defaults, keys, models, providers } = settings.current()
      assert.strictEqual(defaults.timeout?.total, 60_000)
      assert.deepStrictEqual(models["a"], { targets: ["demo/echo"], retry: { max: 0 } })
      assert.deepStrictEqual(budget, { usd: 3, per: "week" })
      assert.deepStrictEqual([keys[0]?.budget, keys[0]?.rate], [{ usd: 1, per: "day" }, { concurrent: 2 }])
      assert.isTrue(cache.enabled)
      assert.strictEqual(providers["demo"]?.fault?.status, 500)
    })
  )

  it.scopedLive("a policy that contradicts itself, or a limit that cannot be kept, leaves the former in force", () =>
    Effect.gen(function* () {
      const yaml = "budget: {usd: 3, per: day}\ndefaults: {timeout: {total: 1m}}\n"
      const { next, settings, write } = yield* started({ "penstock.yaml": yaml })
      const before = settings.current()
      for (const [wrong, told] of [
        ["defaults: {timeout: {idle: 2m, total: 1m}}\n", "penstock.yaml:1:28: defaults.timeout.idle: 2m is longer"],
        ["budget: {usd: .nan, per: day}\n", "penstock.yaml:1:15: budget.usd: expected an amount in USD"]
      ] as const) {
        write("penstock.yaml", wrong)
        const outcome = yield* next
        assert.include(outcome._tag === "Rejected" ? outcome.error.message : "", told)
        assert.strictEqual(settings.current(), before)
      }
    })
  )

  it.scopedLive("a file that an editor puts in the place of the old one is seen, again and again", () =>
    Effect.gen(function* () {
      const { directory, next, settings, write } = yield* started({ "penstock.yaml": "{}\n" })
      for (const name of ["one", "two", "three"]) {
        write("penstock.yaml.new", `models: {${name}: demo/echo}\n`)
        fs.renameSync(path.join(directory, "penstock.yaml.new"), path.join(directory, "penstock.yaml"))
        assert.strictEqual((yield* next)._tag, "Reloaded")
        assert.deepStrictEqual(Object.keys(settings.current().models), [name])
      }
    })
  )

  it.scopedLive("a file that is taken away does not open the gateway to everybody", () =>
    Effect.gen(function* () {
      const yaml = "server: {auth: keys}\nkeys: [{name: a, key: aaaaaaaa}]\n"
      const { directory, next, settings } = yield* started({ "penstock.yaml": yaml })
      fs.rmSync(path.join(directory, "penstock.yaml"))
      assert.strictEqual((yield* next)._tag, "Rejected")
      assert.strictEqual(settings.current().server.auth, "keys")
    })
  )

  it.scopedLive("a file and an .env that appear later are read", () =>
    Effect.gen(function* () {
      const { next, reloads, settings, write } = yield* started({})
      assert.isNull(reloads.initial.path)
      write(".env", "OPENAI_API_KEY=sk-later\n")
      assert.strictEqual((yield* next)._tag, "Reloaded")
      assert.isDefined(settings.current().providers["openai"]!.api_key)
      write("penstock.yaml", "models: {a: demo/echo}\n")
      assert.strictEqual((yield* next)._tag, "Reloaded")
      assert.deepStrictEqual(settings.current().models, { a: "demo/echo" })
    })
  )

  it.scopedLive("address and database wait for a restart and are told so", () =>
    Effect.gen(function* () {
      const { next, settings, write } = yield* started({ "penstock.yaml": "database: a.db\n" })
      write("penstock.yaml", "database: b.db\nserver: {port: 9999, host: localhost, max_body: 1kb}\n")
      const outcome = yield* next
      assert.deepStrictEqual(outcome._tag === "Reloaded" ? outcome.waiting : [], [
        "server.host",
        "server.port",
        "database"
      ])
      assert.strictEqual(settings.current().database, "a.db")
      assert.strictEqual(settings.current().server.port, 8080)
      assert.strictEqual(settings.current().server.max_body, 1024)
    })
  )

  it.scopedLive("keys are not switched off while others can reach the address in force", () =>
    Effect.gen(function* () {
      const keys = "keys: [{name: a, key: aaaaaaaa}]\n"
      const { next, settings, write } = yield* started({
        "penstock.yaml": `server: {auth: keys, host: 0.0.0.0}\n${keys}`
      })
      write("penstock.yaml", `server: {auth: none, host: 127.0.0.1}\n${keys}`)
      assert.strictEqual((yield* next)._tag, "Rejected")
      assert.strictEqual(settings.current().server.auth, "keys")
    })
  )

  it.scopedLive("SIGHUP reloads", () =>
    Effect.gen(function* () {
      const { next } = yield* started({ "penstock.yaml": "{}\n" })
      process.kill(process.pid, "SIGHUP")
      assert.strictEqual((yield* next)._tag, "Reloaded")
    })
  )

  it.scopedLive("nothing is watched any more when the layer ends", () =>
    Effect.gen(function* () {
      const before = process.listenerCount("SIGHUP")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* started({})
          assert.strictEqual(process.listenerCount("SIGHUP"), before + 1)
        })
      )
      assert.strictEqual(process.listenerCount("SIGHUP"), before)
    })
  )
})

describe("which file is read", () => {
  const pathOf = (
    files: { readonly [name: string]: string },
    flag: string | null,
    env: { readonly [name: string]: string }
  ) =>
    Effect.map(started(files, { ...noFlags, config: Option.fromNullable(flag) }, env), ({ directory, reloads }) =>
      path.relative(directory, reloads.initial.path ?? directory)
    )
  const files = { "penstock.yaml": "", "a.yaml": "", "b.yaml": "" }

  it.scopedLive("the flag's, else the environment's, else that of .env, else penstock.yaml", () =>
    Effect.gen(function* () {
      const env = { PENSTOCK_CONFIG: "b.yaml" }
      assert.strictEqual(yield* pathOf(files, "a.yaml", env), "a.yaml")
      assert.strictEqual(yield* pathOf(files, null, env), "b.yaml")
      assert.strictEqual(yield* pathOf({ ...files, ".env": "PENSTOCK_CONFIG=a.yaml" }, null, {}), "a.yaml")
      assert.strictEqual(yield* pathOf(files, null, {}), "penstock.yaml")
      assert.strictEqual(yield* pathOf({}, null, {}), "")
    })
  )

  it.scopedLive("a file that was asked for must exist", () =>
    Effect.gen(function* () {
      const outcome = yield* Effect.either(pathOf(files, "c.yaml", {}))
      assert.isTrue(Either.isLeft(outcome) && outcome.left.message.includes("c.yaml: there is no such file"))
    })
  )

  it.scopedLive("a folder is not a file", () =>
    Effect.gen(function* () {
      const outcome = yield* Effect.either(pathOf(files, ".", {}))
      assert.isTrue(Either.isLeft(outcome) && outcome.left.message.includes("cannot be read"))
    })
  )
})
