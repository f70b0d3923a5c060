/** Servers as they are published: what they are built with is not ours to choose. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { textOf, withHub } from "./hub.ts"
import { published } from "./published.ts"

const temporary = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "penstock-mcp-")))),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

describe("published servers", () => {
  it.live("server-everything: every kind of content, progress, and all tools fit for providers", () =>
    withHub({ all: published("server-everything", ["stdio"]) })((hub) =>
      Effect.gen(function* () {
        const tools = yield* hub.tools("all")
        assert.isAbove(tools.length, 8)
        for (const { inputSchema, name } of tools) {
          assert.match(name, /^all__[A-Za-z0-9_-]{1,59}$/)
          assert.strictEqual(inputSchema["type"], "object")
          assert.notInclude(JSON.stringify(inputSchema), "$schema")
        }
        assert.strictEqual(textOf(yield* hub.call("all", "echo", { message: "hello" })), "Echo: hello")
        const kinds = (content: ReadonlyArray<{ readonly type: string }>) => new Set(content.map(({ type }) => type))
        const image = yield* hub.call("all", "get-tiny-image", {})
        assert.isTrue(kinds(image.content).has("image"))
        const links = yield* hub.call("all", "get-resource-links", { count: 2 })
        assert.isTrue(kinds(links.content).has("resource_link"))
        const embedded = yield* hub.call("all", "get-resource-reference", { resourceType: "Text", resourceId: 1 })
        assert.isTrue(kinds(embedded.content).has("resource"))
        const structured = yield* hub.call("all", "get-structured-content", { location: "New York" })
        assert.hasAllKeys(structured.structuredContent, ["temperature", "conditions", "humidity"])
        let steps = 0
        const slow = { duration: 1, steps: 4 }
        yield* hub.call("all", "trigger-long-running-operation", slow, { onProgress: () => void steps++ })
        assert.isAbove(steps, 1)
      })
    )
  )

  it.scopedLive("server-filesystem: reads what it may, and says itself what it may not", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      fs.writeFileSync(path.join(folder, "note.txt"), "buy milk")
      yield* withHub({ files: published("server-filesystem", [folder], { tools: ["read_*", "list_*"] }) })((hub) =>
        Effect.gen(function* () {
          const names = (yield* hub.tools("files")).map(({ tool }) => tool)
          assert.include(names, "read_text_file")
          assert.notInclude(names, "write_file")
          const note = yield* hub.call("files", "read_text_file", { path: path.join(folder, "note.txt") })
          assert.include(textOf(note), "buy milk")
          assert.isTrue((yield* hub.call("files", "read_text_file", { path: "/etc/hostname" })).isError)
          const hidden = { path: path.join(folder, "a"), content: "" }
          assert.strictEqual((yield* Effect.flip(hub.call("files", "write_file", hidden))).reason, "unknown_tool")
        })
      )
    })
  )

  it.scopedLive("server-memory: keeps what it was told from call to call", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const env = { MEMORY_FILE_PATH: path.join(folder, "memory.jsonl") }
      yield* withHub({ memory: published("server-memory", [], { env }) })((hub) =>
        Effect.gen(function* () {
          const entities = [{ name: "Ada", entityType: "person", observations: ["likes numbers"] }]
          yield* hub.call("memory", "create_entities", { entities })
          assert.include(textOf(yield* hub.call("memory", "read_graph", {})), "likes numbers")
          const broken = yield* Effect.flip(hub.call("memory", "create_entities", { entities: [{ name: "Bob" }] }))
          assert.strictEqual(broken.reason, "invalid_arguments")
          assert.sameMembers(broken.issues?.map((issue) => issue.path) ?? [], [
            "arguments.entities.0.entityType",
            "arguments.entities.0.observations"
          ])
        })
      )
    })
  )
})
