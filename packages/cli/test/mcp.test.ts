/** Writing MCP servers into the configuration's text, and reading those of desktop clients. */
import { assert, describe, it } from "@effect/vitest"
import * as DesktopFile from "@penstock/cli/mcp/DesktopFile"
import * as ServerEntry from "@penstock/cli/mcp/ServerEntry"
import * as Either from "effect/Either"
import { parse } from "yaml"

const edited = (text: string, name: string, entry: ServerEntry.Entry, replace = false): string => {
  const result = ServerEntry.add(text, name, entry, replace)
  return result._tag === "Edited" ? result.text : assert.fail(result._tag)
}

describe("a server that is added", () => {
  it("leaves comments, order and everything else as they are", () => {
    const text = `# ours
server: { port: 9000 } # not the default

mcp:
  # the team's
  servers:
    files: { command: npx } # keep
`
    const after = edited(text, "docs", { url: "https://example.test/mcp" })
    for (const kept of ["# ours", "# not the default", "# the team's", "# keep"]) assert.include(after, kept)
    assert.deepStrictEqual(parse(after), {
      server: { port: 9000 },
      mcp: { servers: { files: { command: "npx" }, docs: { url: "https://example.test/mcp" } } }
    })
  })

  it.each(["", "# nothing yet\n", "mcp:\n", "mcp:\n  servers:\n    # none\n"])("finds a place in %j", (text) => {
    const after = edited(text, "a", { command: "b" })
    assert.deepStrictEqual(parse(after), { mcp: { servers: { a: { command: "b" } } } })
    for (const comment of text.match(/#.*/g) ?? []) assert.include(after, comment)
  })

  it("replaces another only on request, and needs a name that can stand in a tool's", () => {
    const text = "mcp: { servers: { a: { command: b } } }\n"
    assert.strictEqual(ServerEntry.add(text, "a", { command: "c" }, false)._tag, "Taken")
    assert.deepStrictEqual(parse(edited(text, "a", { command: "c" }, true)).mcp.servers.a, { command: "c" })
    assert.strictEqual(ServerEntry.add(text, "a__b", { command: "c" }, false)._tag, "BadName")
    assert.strictEqual(ServerEntry.add("a: [", "b", { command: "c" }, false)._tag, "Unreadable")
    assert.strictEqual(ServerEntry.add("- a", "b", { command: "c" }, false)._tag, "Unreadable")
  })
})

const read = (servers: object) => Either.getOrThrow(DesktopFile.read(JSON.stringify({ mcpServers: servers })))

describe("the servers of a desktop client", () => {
  it("are taken over, secrets left out, each with the name of a variable in its place", () => {
    const found = read({
      "git hub": {
        command: "npx",
        args: ["-y", "server", "--api-key", "abc", "--token=def", "sk-ghi", "--read-only"],
        env: { GITHUB_TOKEN: "ghp_jkl", LOG_LEVEL: "debug" },
        disabled: true
      },
      remote: { type: "http", url: "https://example.test/mcp", headers: { Authorization: "Bearer mno" } }
    })
    assert.deepStrictEqual(
      found.map(({ entry, name }) => ({ name, entry })),
      [
        {
          name: "git-hub",
          entry: {
            command: "npx",
            args: [
              "-y",
              "server",
              "--api-key",
              "${env.GIT_HUB_API_KEY}",
              "--token=${env.GIT_HUB_TOKEN}",
              "${env.GIT_HUB_ARG_5}",
              "--read-only"
            ],
            env: { GITHUB_TOKEN: "${env.GITHUB_TOKEN}", LOG_LEVEL: "debug" }
          }
        },
        {
          name: "remote",
          entry: {
            url: "https://example.test/mcp",
            headers: { Authorization: "Bearer ${env.REMOTE_AUTHORIZATION}" }
          }
        }
      ]
    )
    assert.notMatch(JSON.stringify(found), /abc|def|ghi|jkl|mno/)
    assert.deepInclude(found[0]?.secrets ?? [], { variable: "GITHUB_TOKEN", place: "git hub.env.GITHUB_TOKEN" })
  })

  it("keep variables of another editor, and what looks like one of ours is taken literally", () => {
    const [server] = read({ a: { command: "b", env: { KEY: "${env:KEY}", X: "${y}" } } })
    assert.deepStrictEqual(server?.entry.env, { KEY: "${env.KEY}", X: "$${y}" })
    assert.deepStrictEqual(server?.secrets, [])
  })

  it("that cannot be read are told by their place, without their values", () => {
    const wrong = DesktopFile.read('{"mcpServers": {"a": {"command": 5, "env": {"K": "secret-value"}}}}')
    assert.include(Either.isLeft(wrong) ? wrong.left : "", "mcpServers")
    assert.notInclude(JSON.stringify(wrong), "secret-value")
    assert.isTrue(Either.isLeft(DesktopFile.read("no json")))
  })
})
