import { createRequire } from "node:module"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { HubTool } from "@penstock/gateway/mcp/Catalogue"
import * as DeferredTools from "@penstock/gateway/tools/DeferredTools"
import * as Toolbox from "@penstock/gateway/tools/Toolbox"
import * as Effect from "effect/Effect"
import { withHub } from "../mcp/hub.ts"

const tool = (name: string, description = ""): HubTool => ({
  name: `files__${name}`,
  server: "files",
  prefix: "always",
  tool: name,
  description,
  inputSchema: { type: "object", properties: {} },
  repeatable: false,
  listed: { name }
})

const tools = [tool("read_file", "Reads a file"), tool("write_file", "Writes a file"), tool("weather", "It rains")]
const none = { reserved: new Set<string>(), wanted: [] }
const names = (box: Toolbox.Toolbox) => box.offered().map(({ name }) => name)

describe("a long list of tools", () => {
  it("is two tools, and those that were loaded after them, in the order of loading", () => {
    const box = DeferredTools.make(tools, none)
    assert.deepStrictEqual(names(box), ["search_tools", "load_tools"])
    assert.include(box.own("search_tools", { query: "what is the weather?" }), "files__weather")
    const answer = box.own("load_tools", {
      names: ["files__weather", "files__read_file", "files__weather", "files__reed_file"]
    })
    assert.include(answer, 'did you mean "files__read_file"?')
    assert.deepStrictEqual(names(box), ["search_tools", "load_tools", "files__weather", "files__read_file"])
    assert.strictEqual(box.find("files__write_file")?.tool, "write_file")
  })

  it("tells the model what it can do when it asks for nothing, or for what there is not", () => {
    const box = DeferredTools.make(tools, none)
    assert.include(box.own("search_tools", { query: "zebra" }), "files (3 tools)")
    assert.include(box.own("search_tools", "no object"), "try other words")
    assert.include(box.own("load_tools", {}), "names")
    assert.isNull(box.own("files__weather", {}))
    assert.isFalse(box.has("somebody_else's"))
  })

  it("leaves the names of the request's own tools alone, and loads at once what the conversation needs", () => {
    const box = DeferredTools.make(tools, {
      reserved: new Set(["search_tools", "search_tools_2"]),
      wanted: ["files__weather", "mine"]
    })
    assert.deepStrictEqual(names(box), ["search_tools_3", "load_tools", "files__weather"])
    assert.isFalse(box.has("search_tools"))
    assert.include(box.offered()[1]?.description, "search_tools_3")
  })

  it("finds a tool by the words of its name before those of its description", () => {
    const box = DeferredTools.make([tool("a", "about writing files"), tool("write_file", "b")], none)
    const found = JSON.parse(box.own("search_tools", { query: "write files", limit: 1 }) ?? "")
    assert.deepStrictEqual(found, [{ name: "files__write_file", description: "b" }])
  })
})

const require = createRequire(import.meta.url)
const published = (name: string, args: ReadonlyArray<string> = []) => {
  const manifest = require.resolve(`@modelcontextprotocol/${name}/package.json`)
  const bin: { readonly [name: string]: string } = JSON.parse(fs.readFileSync(manifest, "utf8")).bin
  return {
    command: process.execPath,
    args: [path.join(path.dirname(manifest), Object.values(bin)[0] ?? ""), ...args]
  }
}

describe("the 36 tools of three published servers", () => {
  it.live("cost less than a tenth when they are searched, and are found by what they do", () =>
    withHub({
      everything: published("server-everything", ["stdio"]),
      files: published("server-filesystem", [os.tmpdir()]),
      memory: published("server-memory")
    })((hub) =>
      Effect.gen(function* () {
        const all = yield* hub.tools()
        assert.isAtLeast(all.length, 36)
        const size = (box: Toolbox.Toolbox) => JSON.stringify(box.offered()).length
        const box = DeferredTools.make(all, none)
        assert.isBelow(size(box), size(Toolbox.all(all)) / 10)
        for (const [query, name] of [
          ["read a text file", "files__read_text_file"],
          ["list what is in a directory", "files__list_directory"],
          ["add two numbers", "everything__get-sum"],
          ["remember an observation about an entity", "memory__add_observations"]
        ] as const) {
          const found = JSON.parse(box.own("search_tools", { query, limit: 3 }) ?? "[]")
          assert.include(
            found.map((hit: { readonly name: string }) => hit.name),
            name,
            query
          )
        }
      })
    )
  )
})
