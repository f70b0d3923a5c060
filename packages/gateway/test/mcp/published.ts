/** Servers of the protocol's own makers, as they are published on npm. */
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"

const require = createRequire(import.meta.url)

const program = (manifest: string): string => {
  const bin: { readonly [name: string]: string } = JSON.parse(fs.readFileSync(manifest, "utf8")).bin
  return path.join(path.dirname(manifest), Object.values(bin)[0] ?? "")
}

const manifests = {
  "server-everything": require.resolve("@modelcontextprotocol/server-everything/package.json"),
  "server-filesystem": require.resolve("@modelcontextprotocol/server-filesystem/package.json"),
  "server-memory": require.resolve("@modelcontextprotocol/server-memory/package.json")
}

/** A server's entry in the configuration. */
export const published = (name: keyof typeof manifests, args: ReadonlyArray<string> = [], more: object = {}) => ({
  command: process.execPath,
  args: [program(manifests[name]), ...args],
  ...more
})
