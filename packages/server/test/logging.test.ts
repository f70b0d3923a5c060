/** What operators read: a line for a machine, or lines for a person, and in both which request and which run it is about. */
import { assert, describe, it } from "@effect/vitest"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Logging from "@penstock/server/Logging"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const config = Schema.decodeUnknownSync(PenstockConfig)({ logging: { level: "info" } })

const setTerminal = (isTTY: boolean) => Effect.sync(() => void (process.stderr.isTTY = isTTY))

/** What goes to stderr of a terminal, or of a file. */
const logged = Effect.fnUntraced(function* (terminal: boolean, what: Effect.Effect<void>) {
  const before = process.stderr.isTTY
  const lines: Array<string> = []
  const capture = (...parts: ReadonlyArray<unknown>) => void lines.push(parts.map(String).join(" "))
  const real = yield* Effect.console
  const heard: Console.Console = {
    ...real,
    unsafe: { ...real.unsafe, error: capture, group: capture, groupCollapsed: capture, groupEnd: () => {} }
  }
  yield* Effect.acquireUseRelease(
    setTerminal(terminal),
    () =>
      what.pipe(Effect.provide(Logging.layer.pipe(Layer.provide(Settings.layer(config)))), Effect.withConsole(heard)),
    () => setTerminal(before)
  )
  return lines
})

const told = Effect.logWarning("It took long").pipe(
  Effect.annotateLogs({ request_id: "req_1", run_id: "run_2" }),
  Effect.zipLeft(Effect.logDebug("nobody wants to know"))
)

describe("a log line", () => {
  it.effect("is one line of JSON where nobody looks, with the ids of its request and run", () =>
    Effect.gen(function* () {
      const lines = yield* logged(false, told)
      assert.strictEqual(lines.length, 1)
      const { annotations, logLevel, message, timestamp } = JSON.parse(lines[0] ?? "")
      assert.deepStrictEqual([logLevel, message], ["WARN", "It took long"])
      assert.deepStrictEqual(annotations, { request_id: "req_1", run_id: "run_2" })
      assert.isFalse(Number.isNaN(Date.parse(timestamp)))
    })
  )

  it.effect("is written for a person on a terminal, with the same ids", () =>
    Effect.gen(function* () {
      const text = (yield* logged(true, told)).join("\n")
      for (const word of ["WARN", "It took long", "request_id", "req_1", "run_id", "run_2"]) assert.include(text, word)
      assert.throws(() => JSON.parse(text))
      assert.notInclude(text, "nobody wants to know")
    })
  )
})
