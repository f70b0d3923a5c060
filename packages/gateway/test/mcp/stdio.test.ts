import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { alive, eventually, misbehaving, newMarker, textOf, withHub } from "./hub.ts"

const failure = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(effect)

describe("a server over stdio", () => {
  it.live("is started by the first that needs it, and its tools are listed and called", () => {
    const marker = newMarker()
    return withHub({ mine: misbehaving(marker) })((hub) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(hub.servers(), [{ name: "mine", status: "configured", tools: 0 }])
        assert.strictEqual(alive(marker).length, 0)
        const tools = yield* hub.tools()
        assert.strictEqual(tools[0]?.name, "mine__echo")
        assert.strictEqual(tools[0]?.tool, "echo")
        const result = yield* hub.call("mine", "echo", { said: "hello" })
        assert.deepStrictEqual(result, { content: [{ type: "text", text: "hello" }], isError: false })
        assert.strictEqual(hub.servers()[0]?.status, "ready")
      })
    )
  })

  it.live("has nothing of our environment but what it needs to run", () => {
    const marker = newMarker()
    process.env["PENSTOCK_TEST_SECRET"] = "sk-not-for-you"
    return withHub({ mine: misbehaving(marker) })((hub) =>
      Effect.gen(function* () {
        const environment = JSON.parse(textOf(yield* hub.call("mine", "env", {})))
        assert.sameMembers(
          Object.keys(environment).filter((name) => !["LANG", "TMPDIR"].includes(name)),
          ["PATH", "HOME", "MARKER"]
        )
      })
    )
  })

  it.live("leaves nothing behind: grandchildren, deaf to SIGTERM and to the end of stdin, end with the scope", () => {
    const marker = newMarker()
    const flags = ["grandchild", "ignore-sigterm", "ignore-eof"]
    const viaShell = {
      command: "sh",
      args: ["-c", `node ${misbehaving(marker, flags).args.join(" ")}; true`],
      env: { MARKER: marker }
    }
    return Effect.gen(function* () {
      yield* withHub({ direct: misbehaving(marker, flags), shell: viaShell })((hub) =>
        Effect.gen(function* () {
          yield* hub.call("direct", "echo", { said: "a" })
          yield* hub.call("shell", "echo", { said: "b" })
          yield* eventually(() => alive(marker).length === 5)
        })
      )
      assert.deepStrictEqual(alive(marker), [])
    })
  })

  it.live("that greets on stdout is understood all the same", () =>
    withHub({ mine: misbehaving(newMarker(), ["greet"]) })((hub) =>
      Effect.map(hub.call("mine", "echo", { said: "hello" }), (result) => assert.strictEqual(textOf(result), "hello"))
    )
  )

  it.live("that ends at a message before `initialize` is greeted in the old way", () =>
    withHub({ mine: misbehaving(newMarker(), ["die-at-probe"]) })((hub) =>
      Effect.map(hub.call("mine", "echo", { said: "hello" }), (result) => assert.strictEqual(textOf(result), "hello"))
    )
  )

  it.live("that does not answer what it does not know is greeted in the old way, within its time to start", () =>
    withHub({ mine: misbehaving(newMarker(), ["deaf-to-probe"], { timeout: "2s" }) })((hub) =>
      Effect.map(hub.call("mine", "echo", { said: "hello" }), (result) => assert.strictEqual(textOf(result), "hello"))
    )
  )

  it.live("tells of each change of its state", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const isReady = Stream.filter(hub.changes, ([report]) => report?.status === "ready")
        const ready = yield* Effect.fork(Stream.runHead(isReady))
        yield* Effect.yieldNow()
        yield* hub.tools("mine")
        assert.isTrue(Option.isSome(yield* Fiber.join(ready)))
      })
    )
  )

  it.live("that ends at its start is told with its last words, without their colours", () =>
    withHub({ mine: misbehaving(newMarker(), ["crash-at-start"]) })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.call("mine", "echo", { said: "hello" }))
        assert.strictEqual(error.reason, "not_running")
        assert.include(error.message, "exited with code 3")
        assert.include(error.message, "no licence file")
        assert.notInclude(error.message, "\u001B")
        assert.strictEqual(hub.servers()[0]?.status, "degraded")
        assert.include(hub.servers()[0]?.reason, "no licence file")
      })
    )
  )

  it.live("that never gets ready is given up in time, and ended", () => {
    const marker = newMarker()
    return withHub({ mine: misbehaving(marker, ["never-start"], { timeout: "400ms" }) })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.tools("mine"))
        assert.strictEqual(error.reason, "not_running")
        assert.include(error.message, "400 ms")
        yield* eventually(() => alive(marker).length === 0)
      })
    )
  })

  it.live("that is no program is told by name", () =>
    withHub({ mine: { command: "no-such-program-here" } })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.tools("mine"))
        assert.strictEqual(error.reason, "not_running")
        assert.include(error.message, '"no-such-program-here"')
      })
    )
  )

  it.live("that crashes in a call fails that call with its last words, and is there for the next", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.call("mine", "crash", {}))
        assert.strictEqual(error.reason, "not_running")
        assert.include(error.message, "exited with code 9. It last said:\nsegmentation fault, or so")
        assert.strictEqual(textOf(yield* hub.call("mine", "echo", { said: "again" })), "again")
      })
    )
  )

  it.live("that crashes in a call is asked again only for a tool that says that twice is once", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-mcp-"))
    const server = (name: string) => ({ ...misbehaving(newMarker()), env: { LIVES: path.join(folder, name) } })
    return withHub({ one: server("one"), two: server("two") })((hub) =>
      Effect.gen(function* () {
        assert.strictEqual(textOf(yield* hub.call("one", "crash-once", {})), "survived")
        assert.strictEqual((yield* failure(hub.call("two", "crash-once-and-for-all", {}))).reason, "not_running")
        assert.strictEqual(textOf(yield* hub.call("two", "crash-once-and-for-all", {})), "survived")
      })
    ).pipe(Effect.ensuring(Effect.sync(() => fs.rmSync(folder, { recursive: true }))))
  })

  it.live("follows its own list: tools that come are there, those that cannot be used are told", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const before = yield* hub.tools("mine")
        assert.notInclude(
          before.map(({ tool }) => tool),
          "bad.schema"
        )
        assert.include(hub.servers()[0]?.reason, "bad.schema")
        yield* hub.call("mine", "grow", {})
        yield* eventually(() => hub.servers()[0]?.tools === before.length + 1)
        assert.include(
          (yield* hub.tools("mine")).map(({ tool }) => tool),
          "extra"
        )
      })
    )
  )
})

describe("a call", () => {
  it.live("that is not answered fails in time, cancels at the server, and spoils nothing", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.call("mine", "hang", {}, { timeout: 200 }))
        assert.strictEqual(error.reason, "timeout")
        assert.strictEqual(JSON.parse(textOf(yield* hub.call("mine", "cancelled", {}))).length, 1)
      })
    )
  )

  it.live("that is interrupted is cancelled at the server", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        yield* hub.tools("mine")
        const fiber = yield* Effect.fork(hub.call("mine", "hang", {}))
        yield* Effect.sleep("100 millis")
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(JSON.parse(textOf(yield* hub.call("mine", "cancelled", {}))).length, 1)
      })
    )
  )

  it.live("may take as long as it shows progress", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const seen: Array<number> = []
        const onProgress = ({ progress }: { readonly progress: number }) => void seen.push(progress)
        const args = { steps: 6, pause: 150 }
        const result = yield* hub.call("mine", "slow", args, { timeout: 600, onProgress })
        assert.strictEqual(textOf(result), "done")
        assert.includeMembers(seen, [1, 2, 3, 4, 5])
      })
    )
  )

  it.live("whose answer is too large fails alone", () =>
    withHub({ mine: misbehaving(newMarker(), [], { timeout: "20s" }) })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.call("mine", "flood", { bytes: 17 * 1024 * 1024 }))
        assert.strictEqual(error.reason, "result_too_large")
        const large = yield* hub.call("mine", "flood", { bytes: 8 * 1024 * 1024 })
        assert.strictEqual(textOf(large).length, 8 * 1024 * 1024)
      })
    )
  )

  it.live("is checked before it is made, and names what it lacks", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const lacking = yield* failure(hub.call("mine", "echo", {}))
        assert.strictEqual(lacking.reason, "invalid_arguments")
        assert.deepStrictEqual(lacking.issues, [{ path: "arguments.said", message: "It is required" }])
        const wrong = yield* failure(hub.call("mine", "echo", { said: 5 }))
        assert.strictEqual(wrong.issues?.[0]?.path, "arguments.said")
        const misspelt = yield* failure(hub.call("mine", "ehco", {}))
        assert.strictEqual(misspelt.reason, "unknown_tool")
        assert.include(misspelt.message, 'did you mean "echo"?')
        const elsewhere = yield* failure(hub.call("mien", "echo", {}))
        assert.strictEqual(elsewhere.reason, "unknown_server")
        assert.include(elsewhere.message, 'did you mean "mine"?')
      })
    )
  )

  it.live("tells a failure of the tool from one of the server", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        assert.isTrue((yield* hub.call("mine", "fail", {})).isError)
        const asked = yield* failure(hub.call("mine", "fail", {}, { failOnError: true }))
        assert.strictEqual(asked.reason, "tool_error")
        assert.include(asked.message, "the disk is full")
        assert.strictEqual((yield* failure(hub.call("mine", "refuse", {}))).reason, "protocol")
      })
    )
  )
})
