/** The keys that were made through the admin API, as this process knows them: an index that is made anew for a change. */
import type { Caller } from "@penstock/schema/api/Caller"
import { Key } from "@penstock/schema/api/KeysApi"
import type { StoredKey, StoredSecret } from "./KeyStore.ts"
import * as Secret from "./Secret.ts"

/** A key whose secret was presented. */
export interface Found {
  readonly key: StoredKey
  readonly caller: Caller
  /** Until when this secret works, in milliseconds since the epoch; null for the one in force. */
  readonly until: number | null
}

export interface CreatedKeys {
  /** The key that this secret is of, whether it may be used or not; null for none. */
  readonly find: (presented: string) => Found | null
  readonly get: (name: string) => StoredKey | null
  /** By name. */
  readonly all: ReadonlyArray<StoredKey>
}

interface Entry {
  readonly secret: StoredSecret
  readonly found: Found
}

export const describe = (key: StoredKey): Key =>
  new Key({
    name: key.name,
    source: "api",
    prefix: Secret.prefixOf(key.secret.id),
    models: key.models,
    budget: key.budget,
    rate: key.rate,
    mcp: key.mcp,
    disabled: key.disabled,
    created_at: key.createdAt,
    rotated_at: key.rotatedAt,
    expires_at: key.expiresAt
  })

export const make = (stored: ReadonlyArray<StoredKey>): CreatedKeys => {
  const byName = new Map(stored.map((key) => [key.name, key]))
  const byId = new Map<string, Entry>()
  for (const key of stored) {
    const { budget, mcp, models, name, previous, rate, secret } = key
    const caller = { key: name, models, admin: false, budget, rate, ...(mcp === null ? {} : { mcp }) }
    byId.set(secret.id, { secret, found: { key, caller, until: null } })
    if (previous !== null) byId.set(previous.id, { secret: previous, found: { key, caller, until: previous.until } })
  }
  return {
    find: (presented) => {
      const id = Secret.idOf(presented)
      if (id === null) return null
      const entry = byId.get(id)
      const { digest, salt } = entry?.secret ?? Secret.nobody
      const same = Secret.sameDigest(digest, Secret.digest(salt, presented))
      return same && entry !== undefined ? entry.found : null
    },
    get: (name) => byName.get(name) ?? null,
    all: stored.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }
}
