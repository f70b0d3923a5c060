/** MCP servers behind the real program: its API, its configuration, its end. */
import * as fs from "node:fs"
import * as path from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { alive, fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import * as Servers from "../packages/gateway/test/mcp/servers.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"

const deaf = ["grandchild", "ignore-sigterm", "ignore-eof"]

const server = (marker: string, flags: ReadonlyArray<string> = [], more = "") =>
  `{ command: ${JSON.stringify(process.execPath)}, args: ${JSON.stringify([fixture, ...flags])}, env: { MARKER: ${marker}, TOKEN: "\${env.MINE_TOKEN}" }${more} }`

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("it never came to be")
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

interface Report {
  readonly name: string
  readonly status: string
  readonly tools: number
}

const servers = async (penstock: Penstock.Penstock): Promise<ReadonlyArray<Report>> =>
  (await Raw.send(`${penstock.url}/v1/mcp/servers`)).json.servers

const call = (penstock: Penstock.Penstock, name: string, tool: string, args: object) =>
  Raw.send(`${penstock.url}/v1/mcp/servers/${name}/tools/${tool}`, { body: { arguments: args } })

describe("MCP servers over HTTP", () => {
  const marker = newMarker()
  let penstock: Penstock.Penstock
  let remote: Servers.HttpServer
  const scope = Effect.runSync(Scope.make())

  beforeAll(async () => {
    remote = await Effect.runPromise(Scope.extend(Servers.old, scope))
    penstock = await Penstock.start({
      config: `mcp:
  servers:
    mine: ${server(marker, [], ", timeout: 5s")}
    broken: ${server(marker, ["crash-at-start"])}
`,
      env: { OPENAI_API_KEY: "sk-of-the-gateway", MINE_TOKEN: "token-of-mine" }
    })
  })
  afterAll(async () => {
    await penstock.stop()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })

  it("are listed, their tools are listed, and called", async () => {
    assert.deepInclude(await servers(penstock), { name: "mine", status: "configured", tools: 0 })
    const { json, status } = await Raw.send(`${penstock.url}/v1/mcp/servers/mine/tools`)
    assert.strictEqual(status, 200)
    assert.strictEqual(json.server, "mine")
    assert.deepInclude(json.tools[0], { name: "echo", description: "Says it back" })
    assert.strictEqual(json.tools[0].input_schema.type, "object")
    const answer = await call(penstock, "mine", "echo", { said: "hello" })
    assert.deepStrictEqual(answer.json, { content: [{ type: "text", text: "hello" }], isError: false })
    const failed = await call(penstock, "mine", "fail", {})
    assert.strictEqual(failed.status, 200)
    assert.isTrue(failed.json.isError)
  })

  it("see what their entry names of our environment, and nothing else", async () => {
    const { json } = await call(penstock, "mine", "env", {})
    const environment = JSON.parse(json.content[0].text)
    assert.strictEqual(environment.TOKEN, "token-of-mine")
    assert.notInclude(JSON.stringify(environment), "sk-of-the-gateway")
  })

  it("are told apart when something is wrong: 404 with what was meant, 422 with paths, 503 with last words", async () => {
    const noServer = await call(penstock, "mien", "echo", {})
    assert.strictEqual(noServer.status, 404)
    assert.include(noServer.json.error.message, 'did you mean "mine"?')
    const noTool = await call(penstock, "mine", "ecko", {})
    assert.strictEqual(noTool.status, 404)
    assert.include(noTool.json.error.message, 'did you mean "echo"?')
    const wrong = await call(penstock, "mine", "echo", {})
    assert.strictEqual(wrong.status, 422)
    assert.strictEqual(wrong.json.error.param, "arguments.said")
    assert.strictEqual(wrong.json.error.code, "mcp_invalid_arguments")
    const down = await call(penstock, "broken", "echo", { said: "a" })
    assert.strictEqual(down.status, 503)
    assert.include(down.json.error.message, "no licence file")
    assert.strictEqual((await servers(penstock)).find(({ name }) => name === "broken")?.status, "degraded")
  })

  it("may not be programs, nor lead into the network that we are in", async () => {
    const add = (body: { readonly [key: string]: unknown }) => Raw.send(`${penstock.url}/v1/mcp/servers`, { body })
    const program = await add({ name: "evil", command: "touch", args: ["/tmp/owned"] })
    assert.strictEqual(program.status, 403)
    assert.include(program.json.error.message, "allow_commands_over_http")
    for (const url of [
      remote.url,
      remote.url.replace("127.0.0.1", "localhost"),
      "http://169.254.169.254/latest/meta-data"
    ]) {
      const inside = await add({ name: "inside", url })
      assert.strictEqual(inside.status, 403, url)
      assert.include(inside.json.error.message, "mcp.allow_hosts")
    }
    assert.strictEqual((await add({ name: "a__b", url: "https://example.test" })).status, 400)
    assert.strictEqual((await add({ name: "nothing" })).status, 400)
    assert.deepStrictEqual(remote.requests, [])
    assert.strictEqual((await servers(penstock)).length, 2)
  })
})

describe("the configuration of MCP servers", () => {
  it("is followed: servers come, change and go with the file; hosts that it allows may be added", async () => {
    const marker = newMarker()
    const scope = Effect.runSync(Scope.make())
    const remote = await Effect.runPromise(Scope.extend(Servers.old, scope))
    const penstock = await Penstock.start({ config: "mcp: {}\n", env: { MINE_TOKEN: "t" } })
    try {
      assert.deepStrictEqual(await servers(penstock), [])
      const file = (text: string) => penstock.writeConfig(`mcp: { allow_hosts: ["127.0.0.1"], servers: { ${text} } }\n`)
      file(`mine: ${server(marker, [], ", start: eager")}`)
      await until(async () => (await servers(penstock))[0]?.status === "ready")
      assert.strictEqual(alive(marker).length, 1)
      const body = { name: "remote", url: remote.url, headers: { authorization: "Bearer of-the-remote" } }
      const added = await Raw.send(`${penstock.url}/v1/mcp/servers`, { body })
      assert.strictEqual(added.status, 201)
      assert.strictEqual(added.json.status, "ready")
      assert.strictEqual((await call(penstock, "remote", "echo", { said: "far" })).json.content[0].text, "far")
      assert.strictEqual(remote.requests[0]?.headers.authorization, "Bearer of-the-remote")
      assert.notInclude(penstock.logs(), "of-the-remote")
      assert.strictEqual((await Raw.send(`${penstock.url}/v1/mcp/servers`, { body })).status, 409)
      file("")
      await until(() => alive(marker).length === 0)
      assert.deepStrictEqual(
        (await servers(penstock)).map(({ name }) => name),
        ["remote"]
      )
      const gone = await fetch(`${penstock.url}/v1/mcp/servers/remote`, { method: "DELETE" })
      assert.strictEqual(gone.status, 204)
      assert.deepStrictEqual(await servers(penstock), [])
    } finally {
      await penstock.stop()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  })

  it("is checked, and printed without its secrets", async () => {
    const cwd = Penstock.temporaryFolder()
    const config = `mcp:
  servers:
    mine: { command: npx, env: { TOKEN: "secret-in-env" } }
    docs: { url: "https://example.test/mcp", headers: { x: "secret-in-header" } }
`
    const printed = await Penstock.run(["config"], { config, cwd })
    assert.strictEqual(printed.code, 0, printed.stderr)
    assert.include(printed.stdout, "mine:")
    assert.notInclude(printed.stdout, "secret-in")
    const wrong = await Penstock.run(["config"], {
      config: 'mcp: { servers: { mine: { comand: npx, env: { TOKEN: "secret-in-env" } } } }\n',
      cwd
    })
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'did you mean "command"?')
    assert.notInclude(wrong.stderr, "secret-in")
    fs.rmSync(cwd, { recursive: true })
  })
})

describe("the end of the program", () => {
  it.each(["SIGTERM", "SIGKILL"] as const)(
    "by %s leaves none of its servers behind, deaf as they may be",
    async (signal) => {
      const marker = newMarker()
      const wrapped = `{ command: sh, args: [-c, ${JSON.stringify(`node ${path.relative("/", fixture)}; true`)}], cwd: /, env: { MARKER: ${marker} } }`
      const penstock = await Penstock.start({
        config: `mcp: { servers: { direct: ${server(marker, deaf)}, wrapped: ${wrapped} } }\n`,
        env: { MINE_TOKEN: "t" }
      })
      assert.strictEqual((await call(penstock, "direct", "echo", { said: "a" })).status, 200)
      assert.strictEqual((await call(penstock, "wrapped", "echo", { said: "b" })).status, 200)
      assert.strictEqual(alive(marker).length, 4)
      await penstock.stop(signal)
      await until(() => alive(marker).length === 0)
    }
  )

  it("by SIGTERM is not before its servers are gone", async () => {
    const marker = newMarker()
    const penstock = await Penstock.start({
      config: `mcp: { servers: { direct: ${server(marker, deaf)} } }\n`,
      env: { MINE_TOKEN: "t" }
    })
    await call(penstock, "direct", "echo", { said: "a" })
    assert.strictEqual((await penstock.stop()).code, 0)
    assert.deepStrictEqual(alive(marker), [])
  })
})
