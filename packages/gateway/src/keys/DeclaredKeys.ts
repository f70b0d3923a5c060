/** The keys of the configuration, and the admin key among them. */
import { Key } from "@penstock/schema/api/KeysApi"
import type { Caller } from "@penstock/schema/api/Caller"
import type { KeyConfig, PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Redacted from "effect/Redacted"
import * as Secret from "./Secret.ts"

/** The name under which the ledger shows the admin. */
export const adminName = "admin"

export interface DeclaredKeys {
  /** Whose key this is; null for nobody's. */
  readonly find: (presented: string) => Caller | null
  readonly get: (name: string) => Key | null
  readonly all: ReadonlyArray<Key>
}

interface Entry {
  readonly digest: Uint8Array
  readonly caller: Caller
}

const describe = ({ budget, mcp, models, name, rate }: KeyConfig): Key =>
  new Key({
    name,
    source: "config",
    prefix: null,
    models,
    budget: budget ?? null,
    rate: rate ?? null,
    mcp: mcp ?? null,
    disabled: false,
    created_at: null,
    rotated_at: null,
    expires_at: null
  })

/** The part of a digest that selects an entry. All of it is compared afterwards. */
const selectorOf = (digest: Uint8Array): string => Buffer.from(digest.buffer, digest.byteOffset, 8).toString("latin1")

/**
 * Declared keys have no id in them, so they are found by the beginning of their digest. Its salt was drawn by this
 * process: what the time of a look-up tells is about digests that no caller can compute.
 */
export const make = (config: PenstockConfig): DeclaredKeys => {
  const salt = Secret.newSalt()
  const entries = new Map<string, Entry>()
  const add = (key: Redacted.Redacted<string>, caller: Caller) => {
    const digest = Secret.digest(salt, Redacted.value(key))
    entries.set(selectorOf(digest), { digest, caller })
  }
  for (const { budget, key, mcp, models, name, rate } of config.keys) {
    const access = mcp === undefined ? {} : { mcp }
    add(key, { key: name, models, admin: false, budget: budget ?? null, rate: rate ?? null, ...access })
  }
  // Last, so that it stays the admin's even if a virtual key was given the same value.
  if (config.server.admin_key !== undefined) {
    add(config.server.admin_key, { key: adminName, models: ["*"], admin: true, budget: null, rate: null })
  }
  const all = config.keys.map(describe)
  const byName = new Map(all.map((key) => [key.name, key]))
  return {
    find: (presented) => {
      const digest = Secret.digest(salt, presented)
      const entry = entries.get(selectorOf(digest))
      const same = Secret.sameDigest(digest, entry?.digest ?? Secret.nobody.digest)
      return same && entry !== undefined ? entry.caller : null
    },
    get: (name) => byName.get(name) ?? null,
    all
  }
}
