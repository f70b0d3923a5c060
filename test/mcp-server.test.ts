/** Penstock as an MCP server: official clients of both lines of the SDK, and published servers behind the real program. */
import { request as httpRequest } from "node:http"
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from "@modelcontextprotocol/client"
import { StdioClientTransport as NewStdio } from "@modelcontextprotocol/client/stdio"
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { StdioClientTransport as OldStdio } from "@modelcontextprotocol/sdk/client/stdio.js"
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { alive, fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import { published } from "../packages/gateway/test/mcp/published.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"

const marker = newMarker()

const mine = { command: process.execPath, args: [fixture], env: { MARKER: marker }, timeout: "5s" }
const broken = { command: process.execPath, args: [fixture, "crash-at-start"], env: { MARKER: marker } }

const configOf = (servers: object, more = "") => `mcp: { servers: ${JSON.stringify(servers)} }\n${more}`

const shout = `name: shout
description: Says it louder
inputs: { said: string }
steps:
  - id: louder
    type: set
    values: { text: "\${input.said}!" }
output: { louder: "\${steps.louder.output.text}" }
`

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("it never came to be")
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const textOf = (result: unknown): string => {
  const { content } = result as { readonly content: ReadonlyArray<{ readonly text?: string }> }
  return content.map(({ text }) => text ?? "").join("\n")
}

const old = async (url: string, headers: { readonly [name: string]: string } = {}) => {
  const client = new OldClient({ name: "old", version: "1" })
  const transport = new OldTransport(new URL(`${url}/mcp`), { requestInit: { headers } })
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return { client, transport }
}

const modern = async (url: string, mode: "auto" | "legacy" = "auto") => {
  const client = new NewClient({ name: "new", version: "1" }, { versionNegotiation: { mode } })
  const transport = new NewTransport(new URL(`${url}/mcp`))
  await client.connect(transport)
  return { client, transport }
}

/** The status of a request with headers that `fetch` does not let anybody set. */
const statusOf = (url: string, headers: { readonly [name: string]: string }, method = "POST", body = "{}") =>
  new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const request = httpRequest(`${url}/mcp`, { method, headers: { "content-type": "application/json", ...headers } })
    request.once("error", reject)
    request.once("response", (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }))
    })
    request.end(method === "GET" ? undefined : body)
  })

describe("Penstock as an MCP server", () => {
  let penstock: Penstock.Penstock
  beforeAll(async () => {
    const cwd = Penstock.temporaryFolder()
    fs.mkdirSync(path.join(cwd, "workflows"))
    fs.writeFileSync(path.join(cwd, "workflows/shout.yaml"), shout)
    penstock = await Penstock.start({
      cwd,
      config: configOf({ all: published("server-everything", ["stdio"]), mine, broken })
    })
  })
  afterAll(async () => {
    await penstock.stop()
    fs.rmSync(penstock.cwd, { recursive: true })
  })

  it.each(["sdk 1, sessions", "client 2, sessions", "client 2, 2026-07-28"])(
    "offers the tools of all servers, a broken one notwithstanding, its workflows, resources and prompts: %s",
    async (line) => {
      const { client, transport } =
        line === "sdk 1, sessions"
          ? await old(penstock.url)
          : await modern(penstock.url, line === "client 2, sessions" ? "legacy" : "auto")
      const isStateless = line === "client 2, 2026-07-28"
      assert.strictEqual(transport.sessionId === undefined, isStateless)
      const names = (await client.listTools()).tools.map(({ name }) => name)
      assert.includeMembers(names, ["all__echo", "mine__echo", "workflow__shout"])
      const echoed = await client.callTool({ name: "mine__echo", arguments: { said: "hello" } })
      assert.strictEqual(textOf(echoed), "hello")
      const shouted = await client.callTool({ name: "workflow__shout", arguments: { said: "hello" } })
      assert.deepStrictEqual(shouted.structuredContent, { louder: "hello!" })
      const [first] = (await client.listResources()).resources
      assert.match(first?.uri ?? "", /^all\+demo:/)
      const read = await client.readResource({ uri: first?.uri ?? "" })
      assert.strictEqual(read.contents[0]?.uri, first?.uri)
      const { resourceTemplates } = await client.listResourceTemplates()
      assert.isTrue(resourceTemplates.every(({ uriTemplate }) => uriTemplate.startsWith("all+")))
      const { prompts } = await client.listPrompts()
      assert.include(
        prompts.map(({ name }) => name),
        "all__simple-prompt"
      )
      assert.isNotEmpty((await client.getPrompt({ name: "all__simple-prompt" })).messages)
      const ref = { type: "ref/prompt" as const, name: "all__completable-prompt" }
      const { completion } = await client.complete({ ref, argument: { name: "department", value: "E" } })
      assert.deepStrictEqual(completion.values, ["Engineering"])
      await client.close()
    }
  )

  it("passes progress on, in both eras, and cancels at the server what its caller cancels", async () => {
    for (const { client } of [await old(penstock.url), await modern(penstock.url)]) {
      const seen: Array<number> = []
      const onprogress = ({ progress }: { readonly progress: number }) => void seen.push(progress)
      const slow = { name: "mine__slow", arguments: { steps: 4, pause: 50 } }
      const result = await (client instanceof OldClient
        ? client.callTool(slow, undefined, { onprogress })
        : client.callTool(slow, { onprogress }))
      assert.strictEqual(textOf(result), "done")
      assert.includeMembers(seen, [1, 2, 3])
      const count = async () =>
        JSON.parse(textOf(await client.callTool({ name: "mine__cancelled", arguments: {} }))).length
      const before = await count()
      const abort = new AbortController()
      const hang = { name: "mine__hang", arguments: {} }
      const hanging = (
        client instanceof OldClient
          ? client.callTool(hang, undefined, { signal: abort.signal })
          : client.callTool(hang, { signal: abort.signal })
      ).then(
        () => "answered",
        () => "cancelled"
      )
      setTimeout(() => abort.abort(), 150)
      assert.strictEqual(await hanging, "cancelled")
      await until(async () => (await count()) === before + 1)
      await client.close()
    }
  })

  it("tells what is wrong: unknown names as errors, arguments and crashes as results for the model", async () => {
    const { client } = await old(penstock.url)
    const unknown = await client.callTool({ name: "mine__ecko", arguments: {} }).catch((error: unknown) => error)
    assert.include(String(unknown), 'did you mean "mine__echo"?')
    assert.include(
      String(await client.readResource({ uri: "no://where" }).catch((error: unknown) => error)),
      "no://where"
    )
    const wrong = await client.callTool({ name: "mine__echo", arguments: { said: 5 } })
    assert.isTrue(wrong.isError)
    assert.include(textOf(wrong), "arguments.said")
    const crashed = await client.callTool({ name: "mine__crash", arguments: {} })
    assert.isTrue(crashed.isError)
    assert.include(textOf(crashed), "exited with code 9")
    const badInput = await client.callTool({ name: "workflow__shout", arguments: {} })
    assert.isTrue(badInput.isError)
    assert.include(textOf(badInput), "said")
    await client.close()
  })

  it("answers who keeps no session, ends a session at DELETE, and knows no other's", async () => {
    const headers = { accept: "application/json, text/event-stream" }
    const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" })
    const stateless = await statusOf(penstock.url, headers, "POST", list)
    assert.strictEqual(stateless.status, 200)
    assert.include(stateless.text, "mine__echo")
    const { client, transport } = await old(penstock.url)
    const session = { ...headers, "mcp-session-id": transport.sessionId ?? "" }
    assert.strictEqual((await statusOf(penstock.url, session, "POST", list)).status, 200)
    await transport.terminateSession()
    assert.strictEqual((await statusOf(penstock.url, session, "POST", list)).status, 404)
    await client.close()
  })

  it("refuses what a page of the web could send by a name of its own, and what is no message", async () => {
    const { host } = new URL(penstock.url)
    assert.strictEqual((await statusOf(penstock.url, { host: "evil.example" })).status, 403)
    assert.strictEqual((await statusOf(penstock.url, { host, origin: "https://evil.example" })).status, 403)
    assert.strictEqual((await statusOf(penstock.url, { host, origin: "null" })).status, 403)
    assert.notStrictEqual((await statusOf(penstock.url, { host, origin: `http://${host}` })).status, 403)
    assert.strictEqual((await statusOf(penstock.url, {}, "POST", "no json")).status, 400)
    const deep = await statusOf(penstock.url, {}, "POST", "[".repeat(10_000))
    assert.strictEqual(deep.status, 400)
    const large = await statusOf(penstock.url, { "content-length": "99999999999" }, "POST", "").catch(() => null)
    assert.strictEqual(large?.status, 413)
  })

  it("tells in both eras when a list has changed", async () => {
    // Other changes are told meanwhile: what counts is one after which the new tool is listed.
    const hasNew = (tools: ReadonlyArray<{ readonly name: string }>) =>
      tools.some(({ name }) => name === "workflow__again")
    const { client: session } = await old(penstock.url)
    let told = false
    session.setNotificationHandler(ToolListChangedNotificationSchema, async () => {
      told ||= hasNew((await session.listTools()).tools)
    })
    let toldModern = false
    const onChanged = async () => {
      toldModern ||= hasNew((await stateless.listTools(undefined, { cacheMode: "refresh" })).tools)
    }
    const stateless = new NewClient(
      { name: "new", version: "1" },
      { versionNegotiation: { mode: "auto" }, listChanged: { tools: { autoRefresh: false, onChanged } } }
    )
    await stateless.connect(new NewTransport(new URL(`${penstock.url}/mcp`)))
    fs.writeFileSync(path.join(penstock.cwd, "workflows/again.yaml"), shout.replace("name: shout", "name: again"))
    await until(() => told && toldModern)
    assert.deepStrictEqual([told, toldModern], [true, true])
    await session.close()
    await stateless.close()
  })
})

describe("penstock mcp", () => {
  const bin = path.resolve(import.meta.dirname, "../packages/cli/dist/bin.js")
  const own = newMarker()
  let cwd: string
  beforeAll(() => {
    cwd = Penstock.temporaryFolder()
    fs.mkdirSync(path.join(cwd, "workflows"))
    fs.writeFileSync(path.join(cwd, "workflows/shout.yaml"), shout)
    fs.writeFileSync(path.join(cwd, "penstock.yaml"), configOf({ mine: { ...mine, env: { MARKER: own } } }))
  })
  afterAll(() => fs.rmSync(cwd, { recursive: true }))

  it.each(["sdk 1", "client 2"])("is the same on stdin and stdout, and leaves nothing behind: %s", async (line) => {
    const program = {
      command: process.execPath,
      args: [bin, "mcp"],
      cwd,
      env: { PATH: process.env["PATH"] ?? "", HOME: cwd },
      stderr: "pipe" as const
    }
    const info = { name: "over stdio", version: "1" }
    const client =
      line === "sdk 1" ? new OldClient(info) : new NewClient(info, { versionNegotiation: { mode: "auto" } })
    if (client instanceof OldClient) await client.connect(new OldStdio(program))
    else await client.connect(new NewStdio(program))
    const names = (await client.listTools()).tools.map(({ name }) => name)
    assert.includeMembers(names, ["mine__echo", "workflow__shout"])
    const shouted = await client.callTool({ name: "workflow__shout", arguments: { said: "hello" } })
    assert.deepStrictEqual(shouted.structuredContent, { louder: "hello!" })
    assert.strictEqual(textOf(await client.callTool({ name: "mine__echo", arguments: { said: "a" } })), "a")
    assert.strictEqual(alive(own).length, 1)
    await client.close()
    await until(() => alive(own).length === 0)
  })

  it("tells on stderr what is wrong with the configuration, and nothing on stdout", async () => {
    const { code, stderr, stdout } = await Penstock.run(["mcp"], { config: "mcp: { servers: { a: {} } }\n" })
    assert.strictEqual(code, 2)
    assert.include(stderr, '"command" or "url" is missing')
    assert.strictEqual(stdout, "")
  })
})

describe("the end of the program", () => {
  it("ends what listens and leaves no server behind", async () => {
    const own = newMarker()
    const penstock = await Penstock.start({ config: configOf({ mine: { ...mine, env: { MARKER: own } } }) })
    const { client } = await old(penstock.url)
    await client.callTool({ name: "mine__echo", arguments: { said: "a" } })
    const { client: stateless } = await modern(penstock.url)
    await stateless.listTools()
    assert.strictEqual((await penstock.stop("SIGTERM", 10_000)).code, 0)
    assert.deepStrictEqual(alive(own), [])
    await client.close().catch(() => {})
    await stateless.close().catch(() => {})
  })
})

describe("an MCP client of a Penstock with keys", () => {
  it("sends one as a Bearer, and is told so when it does not", async () => {
    const penstock = await Penstock.start({
      config: configOf({ mine: { ...mine, env: { MARKER: newMarker() } } }, "server: { auth: keys }\n"),
      env: { PENSTOCK_ADMIN_KEY: "admin-key-of-the-test" }
    })
    try {
      const refused = await statusOf(penstock.url, {})
      assert.strictEqual(refused.status, 401)
      const { client, transport } = await old(penstock.url, { authorization: "Bearer admin-key-of-the-test" })
      assert.include(
        (await client.listTools()).tools.map(({ name }) => name),
        "mine__echo"
      )
      const limited = await Raw.send(`${penstock.url}/v1/keys`, {
        body: { name: "limited", mcp: { servers: ["mine"], tools: ["echo"] } },
        headers: { authorization: "Bearer admin-key-of-the-test" }
      })
      const { client: other } = await old(penstock.url, { authorization: `Bearer ${limited.json.key}` })
      assert.deepStrictEqual(
        (await other.listTools()).tools.map(({ name }) => name),
        ["mine__echo"]
      )
      const forbidden = await other.callTool({ name: "mine__fail", arguments: {} })
      assert.include(textOf(forbidden), "may not use the tool fail")
      const theirs = { "mcp-session-id": transport.sessionId ?? "", authorization: `Bearer ${limited.json.key}` }
      const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" })
      assert.strictEqual((await statusOf(penstock.url, theirs, "POST", list)).status, 404)
      await other.close()
      const stolen = await statusOf(penstock.url, { "mcp-session-id": transport.sessionId ?? "" })
      assert.strictEqual(stolen.status, 401)
      await client.close()
    } finally {
      await penstock.stop()
    }
  })
})
