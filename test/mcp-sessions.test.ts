/** What a client of `/mcp` may rely on over time: streams that break off, and workflows that take theirs. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as http from "node:http"
import * as path from "node:path"
import { fixture, newMarker } from "../packages/gateway/test/mcp/hub.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"

const slow = `name: slow
inputs: { said: string }
steps:
  - { id: one, type: set, values: { text: "\${input.said}!" } }
  - { id: two, type: wait, event: never }
output: "\${steps.one.output.text}"
`

let penstock: Penstock.Penstock

beforeAll(async () => {
  const cwd = Penstock.temporaryFolder()
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(path.join(cwd, "workflows/slow.yaml"), slow)
  const mine = { command: process.execPath, args: [fixture], env: { MARKER: newMarker() }, timeout: "10s" }
  penstock = await Penstock.start({ cwd, config: `mcp: { servers: ${JSON.stringify({ mine })} }\n` })
}, 60_000)

afterAll(async () => {
  await penstock.stop()
  fs.rmSync(penstock.cwd, { recursive: true })
})

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("it never came to be")
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const accept = "application/json, text/event-stream"

/** The ids of the events in a stream, in order. */
const idsOf = (text: string): ReadonlyArray<string> => [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id ?? "")

/** Reads until the text says so, and then hangs up. */
const readUntil = (
  options: { readonly method: string; readonly headers: http.OutgoingHttpHeaders; readonly body?: string },
  enough: (text: string) => boolean
) =>
  new Promise<{ readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly text: string }>(
    (resolve, reject) => {
      const request = http.request(`${penstock.url}/mcp`, { method: options.method, headers: options.headers })
      request.once("error", reject)
      request.once("response", (response) => {
        const { headers, statusCode: status = 0 } = response
        let text = ""
        const end = () => resolve({ status, headers, text })
        response.setEncoding("utf8")
        response.on("data", (part: string) => {
          text += part
          if (!enough(text)) return
          request.destroy()
          end()
        })
        response.once("end", end)
        response.once("error", () => {})
      })
      request.end(options.body)
    }
  )

const json = (message: object) => JSON.stringify({ jsonrpc: "2.0", ...message })

const openSession = async (): Promise<{ readonly [name: string]: string }> => {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } }
  const { headers } = await readUntil(
    {
      method: "POST",
      headers: { accept, "content-type": "application/json" },
      body: json({ id: 1, method: "initialize", params })
    },
    () => false
  )
  return { "mcp-session-id": String(headers["mcp-session-id"]), "mcp-protocol-version": "2025-11-25" }
}

describe("a stream that breaks off", () => {
  it("begins with an event to go on from, and goes on there: the call has not been cancelled", async () => {
    const session = await openSession()
    const params = { name: "mine__slow", arguments: { steps: 6, pause: 100 }, _meta: { progressToken: "p" } }
    const first = await readUntil(
      {
        method: "POST",
        headers: { ...session, accept, "content-type": "application/json" },
        body: json({ id: 7, method: "tools/call", params })
      },
      (text) => text.includes('"progress":2')
    )
    assert.match(first.text, /^id: \d+\ndata: *\n\n/)
    const last = idsOf(first.text).at(-1) ?? ""
    const rest = await readUntil(
      { method: "GET", headers: { ...session, accept: "text/event-stream", "last-event-id": last } },
      (text) => text.includes('"id":7')
    )
    assert.strictEqual(rest.status, 200)
    assert.include(rest.text, '"done"')
    // Nothing twice, and nothing lost.
    assert.notInclude(rest.text, '"progress":2,')
    for (const progress of [3, 4, 5]) assert.include(rest.text, `"progress":${progress},`)
    const calls = await Raw.send(`${penstock.url}/v1/mcp/calls?tool=slow`)
    assert.strictEqual(calls.json.calls[0].status, "ok")
  })

  it("cannot go on from what is not known, and says so", async () => {
    const session = await openSession()
    const { status, text } = await readUntil(
      { method: "GET", headers: { ...session, accept: "text/event-stream", "last-event-id": "999" } },
      () => true
    )
    assert.isAtLeast(status, 400)
    assert.include(text, "event")
  })
})

describe("a workflow as a tool", () => {
  it.each(["auto", "legacy"] as const)("tells its progress, and is cancelled with its call: %s", async (mode) => {
    const client = new Client({ name: "new", version: "1" }, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${penstock.url}/mcp`)))
    const seen: Array<string> = []
    const counted: Array<number> = []
    const abort = new AbortController()
    const call = client
      .callTool(
        { name: "workflow__slow", arguments: { said: "hello" } },
        {
          signal: abort.signal,
          onprogress: ({ message, progress, total }) => {
            seen.push(message ?? "")
            counted.push(progress)
            assert.strictEqual(total, 2)
          }
        }
      )
      .then(
        () => "answered",
        () => "cancelled"
      )
    await until(async () => seen.includes("two started"))
    assert.deepStrictEqual(seen, ["one started", "one finished", "two started"])
    assert.deepStrictEqual(counted, [0.001, 1, 1.001])
    const latest = async () => (await Raw.send(`${penstock.url}/v1/runs`)).json.runs[0]
    assert.include(["running", "waiting"], (await latest()).status)
    abort.abort()
    assert.strictEqual(await call, "cancelled")
    await until(async () => (await latest()).status === "cancelled")
    await client.close()
  })
})
