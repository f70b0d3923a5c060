/**
 * The names under which tools are offered to models: `[A-Za-z0-9_-]{1,64}`, which every provider accepts, each once. A
 * name that had to be changed carries a hash of what it stands for, so that it is the same after every start.
 */
import { createHash } from "node:crypto"

export type Prefix = "always" | "conflict" | "none"

const longest = 64
const hashDigits = 8

export const separator = "__"

const hashOf = (server: string, tool: string): string =>
  createHash("sha256").update(`${server}\0${tool}`).digest("hex").slice(0, hashDigits)

export const withHash = (name: string, server: string, tool: string): string =>
  `${name.slice(0, longest - hashDigits - 1)}_${hashOf(server, tool)}`

/** The wanted name where it is one, else the nearest that is. */
export const legal = (wanted: string, server: string, tool: string): string => {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]/g, "_")
  return plain === wanted && plain.length <= longest && plain !== "" ? plain : withHash(plain, server, tool)
}

export interface Named {
  readonly server: string
  readonly tool: string
  readonly prefix: Prefix
}

/** A name for each, in order. Of two that would be called the same the later gets the hash. */
export const assign = (tools: ReadonlyArray<Named>): ReadonlyArray<string> => {
  const count = new Map<string, number>()
  for (const { tool } of tools) count.set(tool, (count.get(tool) ?? 0) + 1)
  const taken = new Set<string>()
  return tools.map(({ prefix, server, tool }) => {
    const prefixed = prefix === "always" || (prefix === "conflict" && (count.get(tool) ?? 0) > 1)
    const wanted = legal(prefixed ? `${server}${separator}${tool}` : tool, server, tool)
    let name = wanted
    for (let nth = 0; taken.has(name); nth++) name = withHash(wanted, server, nth === 0 ? tool : `${tool}\0${nth}`)
    taken.add(name)
    return name
  })
}
