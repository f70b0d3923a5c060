/**
 * The protocol's official conformance suite against `/mcp`, with `fixture.mjs` upstream and unprefixed, and against our
 * connector. Fetches the suite (and Node 22, which it needs) with npx; `docs/mcp-conformance.md` has what is expected to
 * fail and why. Build first: `npm run build`.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const here = import.meta.dirname
const suite = "@modelcontextprotocol/conformance@0.1.16"
const isOldNode = Number(process.versions.node.split(".")[0]) < 22
const baseline = ["--expected-failures", path.join(here, "expected-failures.yaml")]

/** What the suite has for clients, but for authorization with OAuth, which the connector does not do. */
const clientScenarios = ["initialize", "tools_call", "sse-retry"]

/** Its exit code; with a baseline it is 0 when exactly the expected scenarios fail. */
const conformance = async (...args) => {
  const packages = [suite, ...(isOldNode ? ["node@22"] : [])].flatMap((each) => ["--package", each])
  const child = spawn("npx", ["--yes", ...packages, "conformance", ...args], { stdio: "inherit" })
  const [code] = await once(child, "exit")
  return code ?? 1
}

const cwd = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-conformance-"))
const fixture = { command: process.execPath, args: [path.join(here, "fixture.mjs")], prefix: "none", start: "eager" }
fs.writeFileSync(path.join(cwd, "penstock.yaml"), JSON.stringify({ mcp: { servers: { fixture } } }))

const bin = path.resolve(here, "../packages/cli/dist/bin.js")
const penstock = spawn(process.execPath, [bin, "serve", "--port", "0"], { cwd, stdio: ["ignore", "pipe", "inherit"] })
try {
  let said = ""
  penstock.stdout.setEncoding("utf8")
  for await (const part of penstock.stdout) {
    said += part
    if (/http:\/\/127\.0\.0\.1:\d+/.test(said)) break
  }
  const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
  if (url === undefined) throw new Error(`the server did not start:\n${said}`)
  const server = await conformance("server", "--url", `${url}/mcp`, "--suite", "all", ...baseline)
  const client = `${process.execPath} ${path.join(here, "client.mjs")}`
  // One after the other: each starts a program of its own.
  let connector = 0
  for (const scenario of clientScenarios) {
    connector ||= await conformance("client", "--command", client, "--scenario", scenario)
  }
  process.exitCode = server || connector
} finally {
  penstock.kill()
  await once(penstock, "exit")
  fs.rmSync(cwd, { recursive: true, force: true })
}
