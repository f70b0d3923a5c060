/** A created key as a row of `virtual_keys`, both ways. */
import { BudgetConfig, RateConfig } from "@penstock/schema/config/Limits"
import { McpAccess } from "@penstock/schema/config/Mcp"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { StoredKey } from "./KeyStore.ts"

const Digest = Schema.Uint8ArrayFromHex.pipe(Schema.filter((bytes) => bytes.length === 32 || "expected a SHA-256"))

const KeyRow = Schema.Struct({
  name: Schema.String,
  models: Schema.parseJson(Schema.Array(Schema.String)),
  budget: Schema.NullOr(Schema.parseJson(BudgetConfig)),
  rate: Schema.NullOr(Schema.parseJson(RateConfig)),
  mcp: Schema.NullOr(Schema.parseJson(McpAccess)),
  disabled: Schema.transform(Schema.Int, Schema.Boolean, {
    strict: true,
    decode: (stored) => stored !== 0,
    encode: (disabled) => (disabled ? 1 : 0)
  }),
  created_at: Schema.Int,
  rotated_at: Schema.NullOr(Schema.Int),
  expires_at: Schema.NullOr(Schema.Int),
  secret_id: Schema.String,
  secret_salt: Schema.String,
  secret_digest: Digest,
  previous_id: Schema.NullOr(Schema.String),
  previous_salt: Schema.NullOr(Schema.String),
  previous_digest: Schema.NullOr(Digest),
  previous_until: Schema.NullOr(Schema.Int)
})
type KeyRow = typeof KeyRow.Type

const previousOf = (row: KeyRow): StoredKey["previous"] => {
  const { previous_digest: digest, previous_id: id, previous_salt: salt, previous_until: until } = row
  return id === null || salt === null || digest === null || until === null ? null : { id, salt, digest, until }
}

const toStoredKey = (row: KeyRow): StoredKey => ({
  name: row.name,
  models: row.models,
  budget: row.budget,
  rate: row.rate,
  mcp: row.mcp,
  disabled: row.disabled,
  createdAt: row.created_at,
  rotatedAt: row.rotated_at,
  expiresAt: row.expires_at,
  secret: { id: row.secret_id, salt: row.secret_salt, digest: row.secret_digest },
  previous: previousOf(row)
})

const fromStoredKey = (key: StoredKey): KeyRow => ({
  name: key.name,
  models: key.models,
  budget: key.budget,
  rate: key.rate,
  mcp: key.mcp,
  disabled: key.disabled,
  created_at: key.createdAt,
  rotated_at: key.rotatedAt,
  expires_at: key.expiresAt,
  secret_id: key.secret.id,
  secret_salt: key.secret.salt,
  secret_digest: key.secret.digest,
  previous_id: key.previous?.id ?? null,
  previous_salt: key.previous?.salt ?? null,
  previous_digest: key.previous?.digest ?? null,
  previous_until: key.previous?.until ?? null
})

const decodeRow = Schema.decodeUnknownEither(KeyRow)
const encodeRow = Schema.encodeSync(KeyRow)

export const decode = (row: unknown): Either.Either<StoredKey, ParseResult.ParseError> =>
  Either.map(decodeRow(row), toStoredKey)

/** Columns by name, for an INSERT. */
export const encode = (key: StoredKey): typeof KeyRow.Encoded => encodeRow(fromStoredKey(key))
