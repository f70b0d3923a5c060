import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type * as McpHub from "@penstock/gateway/mcp/McpHub"
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

describe("the end of a server", () => {
  const pidOf = (hub: McpHub.Service) => Effect.map(hub.call("mine", "pid", {}), (result) => Number(textOf(result)))

  it.live("by kill -9 while nobody needs it is not noticed by the next call", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const first = yield* pidOf(hub)
        process.kill(first, "SIGKILL")
        yield* eventually(() => hub.servers()[0]?.status !== "ready")
        assert.notStrictEqual(yield* pidOf(hub), first)
      })
    )
  )

  it.live("comes when it hangs: it fails its call in time, does not even list its tools, and is started anew", () => {
    const marker = newMarker()
    return withHub({ mine: misbehaving(marker) })((hub) =>
      Effect.gen(function* () {
        const first = yield* pidOf(hub)
        process.kill(first, "SIGSTOP")
        const error = yield* failure(hub.call("mine", "echo", { said: "hello" }, { timeout: 100 }))
        assert.strictEqual(error.reason, "timeout")
        yield* eventually(() => hub.servers()[0]?.status !== "ready")
        assert.notStrictEqual(yield* pidOf(hub), first)
        yield* eventually(() => alive(marker).length === 1)
      })
    )
  })

  it.live("is told with the last of what it said, however much that was", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const error = yield* failure(hub.call("mine", "babble-and-crash", {}))
        assert.isTrue(error.message.endsWith("and now the end"), error.message.slice(-100))
        assert.isBelow(error.message.length, 5_000)
      })
    )
  )

  it.live("is that of all that npx has started for it", () => {
    const marker = newMarker()
    const root = path.resolve(import.meta.dirname, "../../../..")
    const npx = { command: "npx", args: ["--no-install", "mcp-server-memory"], cwd: root, env: { MARKER: marker } }
    return Effect.gen(function* () {
      yield* withHub({ memory: npx })((hub) =>
        Effect.gen(function* () {
          assert.isAbove((yield* hub.tools("memory")).length, 5)
          // npm, and the server; a shell between them where the system's does not replace itself.
          assert.isAtLeast(alive(marker).length, 2)
        })
      )
      assert.deepStrictEqual(alive(marker), [])
    })
  })
})

describe("several servers", () => {
  it.live("start with Penstock or when they are needed, as their entries say", () => {
    const [eager, lazy] = [newMarker(), newMarker()]
    const servers = { eager: misbehaving(eager, [], { start: "eager" }), lazy: misbehaving(lazy) }
    return withHub(servers)((hub) =>
      Effect.gen(function* () {
        yield* eventually(() => hub.servers()[0]?.status === "ready")
        assert.deepStrictEqual([alive(eager).length, alive(lazy).length], [1, 0])
        assert.strictEqual(hub.servers()[1]?.status, "configured")
      })
    )
  })

  it.live("are listed without those that fail, however they do", () =>
    withHub({
      good: misbehaving(newMarker()),
      crashing: misbehaving(newMarker(), ["crash-at-start"]),
      silent: misbehaving(newMarker(), ["never-start"], { timeout: "400ms" }),
      absent: { command: "no-such-program-here" },
      gone: { url: "http://127.0.0.1:9/mcp", timeout: "2s" }
    })((hub) =>
      Effect.gen(function* () {
        const tools = yield* hub.tools()
        assert.deepStrictEqual([...new Set(tools.map(({ server }) => server))], ["good"])
        assert.include(
          tools.map(({ name }) => name),
          "good__echo"
        )
      })
    )
  )
})

describe("a result", () => {
  it.live("arrives as it was sent: text, image, sound, resource, and several of them", () => {
    const fixture = path.resolve(import.meta.dirname, "../../../../conformance/fixture.mjs")
    return withHub({ all: { command: process.execPath, args: [fixture] } })((hub) =>
      Effect.gen(function* () {
        const contentOf = (tool: string) => Effect.map(hub.call("all", tool, {}), ({ content }) => content)
        const [image] = yield* contentOf("test_image_content")
        assert.deepInclude(image, { type: "image", mimeType: "image/png" })
        const [sound] = yield* contentOf("test_audio_content")
        assert.deepInclude(sound, { type: "audio", mimeType: "audio/wav" })
        assert.strictEqual(Buffer.from(String(sound?.["data"]), "base64").toString("latin1", 0, 4), "RIFF")
        assert.deepStrictEqual(yield* contentOf("test_embedded_resource"), [
          {
            type: "resource",
            resource: {
              uri: "test://embedded-resource",
              mimeType: "text/plain",
              text: "This is an embedded resource content."
            }
          }
        ])
        const several = yield* contentOf("test_multiple_content_types")
        assert.deepStrictEqual(
          several.map(({ type }) => type),
          ["text", "image", "resource"]
        )
      })
    )
  })
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
