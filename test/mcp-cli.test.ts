/** `penstock mcp add|list|inspect|call|import`, as their users run them. */
import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { alive, fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import * as Penstock from "./support/Penstock.ts"

describe("penstock mcp", () => {
  const marker = newMarker()
  let cwd: string
  beforeAll(() => {
    cwd = Penstock.temporaryFolder()
    fs.writeFileSync(path.join(cwd, "penstock.yaml"), "# ours\nmcp:\n")
  })
  afterAll(() => fs.rmSync(cwd, { recursive: true }))
  const penstock = (...args: ReadonlyArray<string>) => Penstock.run(["mcp", ...args], { cwd, env: { TOKEN: "t" } })

  it("adds a server to the configuration, lists it, shows what it offers, calls its tools, and ends it", async () => {
    const added = await penstock("add", "mine", "--env", `MARKER=${marker}`, "--", process.execPath, fixture)
    assert.strictEqual(added.code, 0, added.stderr)
    assert.include(fs.readFileSync(path.join(cwd, "penstock.yaml"), "utf8"), "# ours")
    assert.strictEqual((await penstock("add", "mine", "https://example.test/mcp")).code, 2)
    assert.strictEqual((await penstock("add", "nothing")).code, 2)
    // What stands behind -- is the program's own.
    const told = await penstock("add", "third", "--format", "json", "--", "no-such-program", "--format", "text")
    assert.deepStrictEqual(JSON.parse(told.stdout), { file: "penstock.yaml", servers: ["third"] })
    assert.strictEqual((await penstock("add", "gone", "--", "no-such-program-at-all")).code, 0)

    const { servers } = JSON.parse((await penstock("list", "--format", "json")).stdout)
    assert.deepInclude(servers[0], { name: "mine", status: "ready", reason: null })
    assert.include(servers[2].reason, 'There is no program "no-such-program-at-all" on the PATH')

    const shown = await penstock("inspect", "mine")
    assert.include(shown.stdout, "  echo  Says it back\n    said: string (required)")
    const { tools } = JSON.parse((await penstock("inspect", "mine", "--format", "json")).stdout)
    assert.strictEqual(tools[0].inputSchema.type, "object")

    const said = await penstock("call", "mine", "echo", "--arg", "said=5")
    assert.strictEqual(said.code, 0, said.stderr)
    assert.strictEqual(said.stdout, "5\n")
    fs.writeFileSync(path.join(cwd, "said.txt"), "from a file")
    const fromFile = await penstock("call", "mine", "echo", "--arg", "said=@said.txt", "--format", "json")
    assert.strictEqual(JSON.parse(fromFile.stdout).content[0].text, "from a file")
    assert.deepStrictEqual(alive(marker), [])
  })

  it("tells what is wrong with a call: names, arguments, the tool's own failure", async () => {
    const unknown = await penstock("call", "mine", "ecko")
    assert.strictEqual(unknown.code, 1)
    assert.include(unknown.stderr, 'did you mean "echo"?')
    assert.include((await penstock("inspect", "mien")).stderr, 'did you mean "mine"?')
    const lacking = await penstock("call", "mine", "echo")
    assert.include(lacking.stderr, "arguments.said")
    const failed = await penstock("call", "mine", "fail")
    assert.strictEqual(failed.code, 1)
    assert.include(failed.stdout, "the disk is full")
    assert.strictEqual((await penstock("call", "mine", "echo", "--arg", "said")).code, 2)
  })

  it("takes over the servers of a desktop client without their secrets", async () => {
    const env = { MARKER: marker, API_TOKEN: "very-secret" }
    const file = { mcpServers: { desktop: { command: process.execPath, args: [fixture], env } } }
    fs.writeFileSync(path.join(cwd, "desktop.json"), JSON.stringify(file))
    const imported = await penstock("import", "desktop.json")
    assert.strictEqual(imported.code, 0, imported.stderr)
    assert.include(imported.stdout, "API_TOKEN (its value is at desktop.env.API_TOKEN)")
    assert.notInclude(imported.stdout + fs.readFileSync(path.join(cwd, "penstock.yaml"), "utf8"), "very-secret")
    const called = await Penstock.run(["mcp", "call", "desktop", "env"], { cwd, env: { API_TOKEN: "from-ours" } })
    assert.strictEqual(JSON.parse(called.stdout).API_TOKEN, "from-ours", called.stderr)
    assert.strictEqual((await penstock("import", "said.txt")).code, 2)
  })
})
