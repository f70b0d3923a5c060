import { assert, describe, it } from "@effect/vitest"
import { anonymous } from "@penstock/gateway/keys/Keys"
import * as Access from "@penstock/gateway/mcp/Access"
import type { Caller } from "@penstock/schema/api/Caller"
import * as FastCheck from "effect/FastCheck"

const keyed = (servers: ReadonlyArray<string>, tools: ReadonlyArray<string>): Caller => ({
  ...anonymous,
  key: "alice",
  mcp: { servers, tools }
})

describe("the MCP servers and tools of a key", () => {
  it("are all where nothing is said, and none where the lists are empty", () => {
    assert.isTrue(Access.mayUseTool(anonymous, "files", "read_file"))
    assert.isNull(Access.refusal(anonymous, "files", "read_file"))
    assert.isFalse(Access.mayUseServer(keyed([], ["*"]), "files"))
    assert.isFalse(Access.mayUseTool(keyed(["*"], []), "files", "read_file"))
  })

  it("are named as their server calls them, or of one server", () => {
    const caller = keyed(["files", "docs"], ["read_*", "docs__search"])
    assert.isTrue(Access.mayUseTool(caller, "files", "read_file"))
    assert.isTrue(Access.mayUseTool(caller, "docs", "search"))
    assert.isFalse(Access.mayUseTool(caller, "files", "search"))
    assert.isFalse(Access.mayUseTool(caller, "other", "read_file"))
    const tools = [
      { server: "files", tool: "read_file" },
      { server: "files", tool: "write_file" }
    ]
    assert.deepStrictEqual(Access.usable(caller, tools), tools.slice(0, 1))
  })

  it("are refused by name, with what the key is limited to", () => {
    const caller = keyed(["docs"], ["read_*"])
    const server = Access.refusal(caller, "files")
    assert.strictEqual(server?.status, 403)
    assert.include(server?.message, "the MCP server files: it is limited to docs")
    const tool = Access.refusal(caller, "docs", "write_file")
    assert.strictEqual(tool?.code, "mcp_not_allowed")
    assert.include(tool?.message, "the tool write_file of the MCP server docs: it is limited to read_*")
  })

  it("are never more than the servers that the key may use", () => {
    const name = FastCheck.constantFrom("a", "b", "a__x", "x", "*", "a*")
    FastCheck.assert(
      FastCheck.property(FastCheck.array(name), FastCheck.array(name), name, name, (servers, tools, server, tool) => {
        const caller = keyed(servers, tools)
        if (Access.mayUseTool(caller, server, tool)) assert.isTrue(Access.mayUseServer(caller, server))
        assert.strictEqual(Access.refusal(caller, server, tool) === null, Access.mayUseTool(caller, server, tool))
      })
    )
  })
})
