/** Real MCP servers, the real program, and a provider that calls tools as a test wants it. */
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"
import { fixture, newMarker } from "../../packages/gateway/test/mcp/hub.ts"
import * as Penstock from "./Penstock.ts"
import * as Upstream from "./Upstream.ts"
import type * as Wire from "./Wire.ts"

const require = createRequire(import.meta.url)
const program = (name: string): string => {
  const manifest = require.resolve(`@modelcontextprotocol/${name}/package.json`)
  const bin: { readonly [name: string]: string } = JSON.parse(fs.readFileSync(manifest, "utf8")).bin
  return path.join(path.dirname(manifest), Object.values(bin)[0] ?? "")
}

export const files = { type: "mcp", server: "files" }
export const odd = { type: "mcp", server: "odd" }
export const weather = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: {} } }
}
export const question = [{ role: "user", content: "What is the password?" }]

export const says =
  (said: Wire.Said): Upstream.Script =>
  (request) =>
    Upstream.ordinary(request, said)

export const calls = (...tools: ReadonlyArray<readonly [id: string, name: string, args: object]>): Wire.Said => ({
  tools: tools.map(([id, name, args]) => ({ id, name, args: [JSON.stringify(args)] }))
})

export interface ToolLab {
  readonly upstream: Upstream.Upstream
  readonly penstock: Penstock.Penstock
  /** In the environment of every server. */
  readonly marker: string
  /** The call that reads the note with the password. */
  readonly readNote: Wire.Said
  /** Forgets what the provider was asked until now. */
  readonly begin: () => void
  /** What the provider was asked since. */
  readonly turns: () => ReadonlyArray<Upstream.Received>
  readonly stop: () => Promise<void>
}

export const start = async (): Promise<ToolLab> => {
  const marker = newMarker()
  const folder = fs.realpathSync(Penstock.temporaryFolder())
  const note = path.join(folder, "note.txt")
  fs.writeFileSync(note, "The password of the day is swordfish.")
  const upstream = await Upstream.start()
  const server = (
    file: string,
    args: ReadonlyArray<string> = [],
    more: { readonly env?: string; readonly and?: string } = {}
  ) =>
    `{ command: ${JSON.stringify(process.execPath)}, args: ${JSON.stringify([file, ...args])}, ` +
    `env: { MARKER: ${marker}${more.env ?? ""} }, timeout: 20s${more.and ?? ""} }`
  const lives = (name: string) => ({ env: `, LIVES: ${path.join(folder, name)}` })
  const penstock = await Penstock.start({
    config: `providers:
  mock: { protocol: openai, base_url: "${upstream.url}/v1", api_key: k-12345678, pricing: { input: 1, output: 2 } }
  claude: { protocol: anthropic, base_url: "${upstream.url}/v1", api_key: k-12345678, pricing: { input: 1, output: 2 } }
  llama: { protocol: ollama, base_url: "${upstream.url}" }
defaults: { retry: { max: 0 } }
mcp:
  servers:
    files: ${server(program("server-filesystem"), [folder])}
    odd: ${server(fixture)}
    paid: ${server(fixture, [], { and: ", cost_per_call: 0.5" })}
    mortal: ${server(fixture, [], lives("one"))}
    mortal2: ${server(fixture, [], lives("two"))}
    broken: ${server(fixture, ["crash-at-start"])}
`
  })
  let asked = 0
  return {
    upstream,
    penstock,
    marker,
    readNote: calls(["call_1", "files__read_text_file", { path: note }]),
    begin: () => {
      upstream.always(undefined)
      asked = upstream.requests.length
    },
    turns: () => upstream.requests.slice(asked),
    stop: async () => {
      await penstock.stop()
      await upstream.close()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}
