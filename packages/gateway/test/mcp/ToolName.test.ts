import { assert, describe, it } from "@effect/vitest"
import { assign, type Named, type Prefix } from "@penstock/gateway/mcp/ToolName"
import * as FastCheck from "effect/FastCheck"

const named = (server: string, tool: string, prefix: Prefix = "always"): Named => ({ server, tool, prefix })

describe("names of tools", () => {
  it("begin with their server's, or only where two would be the same, or never", () => {
    assert.deepStrictEqual(assign([named("files", "read"), named("web", "read")]), ["files__read", "web__read"])
    const some = [named("a", "read", "conflict"), named("b", "read", "conflict"), named("b", "write", "conflict")]
    assert.deepStrictEqual(assign(some), ["a__read", "b__read", "write"])
    const [first, second] = assign([named("a", "read", "none"), named("b", "read", "none")])
    assert.strictEqual(first, "read")
    assert.match(second ?? "", /^read_[0-9a-f]{8}$/)
  })

  it("that a provider would refuse are replaced by one that tells what it stands for, always the same", () => {
    const [dotted, long] = assign([named("s", "files.read"), named("s", "x".repeat(100))])
    assert.match(dotted ?? "", /^s__files_read_[0-9a-f]{8}$/)
    assert.strictEqual(long?.length, 64)
    assert.deepStrictEqual(assign([named("s", "files.read")]), [dotted ?? ""])
  })

  it("are each there once even where a server calls its tool like another's with its hash", () => {
    const [, hashed = ""] = assign([named("a", "read", "none"), named("b", "read", "none")])
    const names = assign([named("a", "read", "none"), named("c", hashed, "none"), named("b", "read", "none")])
    assert.strictEqual(new Set(names).size, 3)
  })

  it("are legal and each there once, whatever servers call their tools", () => {
    const prefix = FastCheck.constantFrom<Prefix>("always", "conflict", "none")
    const tool = FastCheck.oneof(
      FastCheck.string({ maxLength: 90 }),
      FastCheck.constantFrom("read", "a.b", "a_b", "a__b")
    )
    const server = FastCheck.constantFrom("a", "b", "a_b")
    const each = FastCheck.record({ server, tool, prefix })
    const all = FastCheck.uniqueArray(each, { selector: (one) => `${one.server}\0${one.tool}` })
    FastCheck.assert(
      FastCheck.property(all, (tools) => {
        const names = assign(tools)
        assert.strictEqual(new Set(names).size, tools.length)
        for (const name of names) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/)
      })
    )
  })
})
