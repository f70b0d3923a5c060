/** Our connector as the client of the conformance suite: its last argument is the address of the suite's server. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const url = process.argv.at(-1)
const bin = path.resolve(import.meta.dirname, "../packages/cli/dist/bin.js")
const cwd = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-conformance-"))
fs.writeFileSync(
  path.join(cwd, "penstock.yaml"),
  JSON.stringify({ mcp: { servers: { peer: { url, timeout: "20s" } } } })
)

const calls = {
  tools_call: ["call", "peer", "add_numbers", "--arg", "a=5", "--arg", "b=3"],
  "sse-retry": ["call", "peer", "test_reconnection"]
}
const args = calls[process.env["MCP_CONFORMANCE_SCENARIO"]] ?? ["inspect", "peer"]
const { status } = spawnSync(process.execPath, [bin, "mcp", ...args], { cwd, stdio: "inherit", timeout: 25_000 })
fs.rmSync(cwd, { recursive: true })
process.exitCode = status ?? 1
