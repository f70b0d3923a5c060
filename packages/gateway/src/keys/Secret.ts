/**
 * Secrets of keys: `ps-<id>-<secret>`. The id is no secret and selects the row; the rest is 256 random bits.
 *
 * A secret is kept as SHA-256 over a salt of its own and the whole key. A slow hash (scrypt, argon2) would guard secrets
 * that somebody thought up, by making each guess dear. Among 2^256 there is nothing to guess, and a slow hash would only
 * make every request dear.
 */
import * as Redacted from "effect/Redacted"
import { hash, randomBytes, timingSafeEqual } from "node:crypto"

export interface Hashed {
  readonly salt: string
  readonly digest: Uint8Array
}

/** In one call: a hash object per request costs five times as much. */
export const digest = (salt: string, key: string): Uint8Array => hash("sha256", salt + key, "buffer")

export const newSalt = (): string => randomBytes(16).toString("hex")

export const hashed = (key: string): Hashed => {
  const salt = newSalt()
  return { salt, digest: digest(salt, key) }
}

/** In a time that does not depend on where they differ. */
export const sameDigest = (one: Uint8Array, other: Uint8Array): boolean => timingSafeEqual(one, other)

/** Takes the place of what was not found, so that finding nothing takes as long as finding the wrong one. */
export const nobody: Hashed = hashed(randomBytes(32).toString("hex"))

const format = /^ps-([0-9a-f]{16})-[\w-]{43}$/

/** The id in a key of ours; null for any other text. */
export const idOf = (key: string): string | null => format.exec(key)?.[1] ?? null

/** What an admin knows a key by. */
export const prefixOf = (id: string): string => `ps-${id}`

export interface Issued {
  readonly id: string
  readonly key: Redacted.Redacted<string>
  readonly hashed: Hashed
}

export const issue = (): Issued => {
  const id = randomBytes(8).toString("hex")
  const key = `${prefixOf(id)}-${randomBytes(32).toString("base64url")}`
  return { id, key: Redacted.make(key), hashed: hashed(key) }
}
