/** What an admin does with keys, and the rules for it: names are unique, and the file's keys are changed in the file. */
import { IssuedKey, type Key, type KeyChanges, type NewKey, type Rotation } from "@penstock/schema/api/KeysApi"
import { type GatewayError, make as makeError } from "@penstock/schema/GatewayError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Settings from "../Settings.ts"
import { describe } from "./CreatedKeys.ts"
import { adminName, type DeclaredKeys } from "./DeclaredKeys.ts"
import type { KeyBook } from "./KeyBook.ts"
import type { KeyStoreError, StoredKey } from "./KeyStore.ts"
import * as Secret from "./Secret.ts"

/** Failures: `not_found`, `conflict`, `invalid_request`, and `internal` for the database's. */
export interface KeyAdmin {
  /** Declared keys first, in the file's order, then created ones by name. */
  readonly list: Effect.Effect<ReadonlyArray<Key>>
  readonly get: (name: string) => Effect.Effect<Key, GatewayError>
  /** The secret is in the answer and nowhere else. */
  readonly create: (key: NewKey) => Effect.Effect<IssuedKey, GatewayError>
  readonly update: (name: string, changes: KeyChanges) => Effect.Effect<Key, GatewayError>
  /** A new secret; the old one stops at once or after the grace, in milliseconds. */
  readonly rotate: (name: string, rotation: Rotation) => Effect.Effect<IssuedKey, GatewayError>
  readonly remove: (name: string) => Effect.Effect<void, GatewayError>
}

const notFound = (name: string): GatewayError =>
  makeError("not_found", `There is no key called ${JSON.stringify(name)}. GET /v1/keys lists them.`)

const notKept = makeError(
  "conflict",
  "This gateway keeps no keys but those of its configuration: run it with a database to make others.",
  { code: "keys_not_kept" }
)

const placeOf = (settings: Settings.Service): string => `\`keys\` in ${settings.file ?? "the configuration"}`

const isDeclared = (settings: Settings.Service, name: string): GatewayError =>
  makeError(
    "conflict",
    `The key ${JSON.stringify(name)} is declared under ${placeOf(settings)}: change it there, which counts at once.`,
    { code: "declared_key" }
  )

const isTaken = (name: string, by: string): GatewayError =>
  makeError("conflict", `The name ${JSON.stringify(name)} is taken: ${by}. Choose another one.`, {
    code: "key_exists",
    param: "name"
  })

const storeFailed = (error: KeyStoreError): Effect.Effect<never, GatewayError> =>
  Effect.zipRight(
    Effect.logError("The keys in the database could not be changed", Cause.fail(error.cause)),
    Effect.fail(makeError("internal", "The key was not changed; the log has the cause.", { code: "key_store_error" }))
  )

const issued = (key: StoredKey, secret: Secret.Issued): IssuedKey =>
  new IssuedKey({ ...describe(key), key: secret.key }, { disableValidation: true })

const secretOf = ({ hashed, id }: Secret.Issued): StoredKey["secret"] => ({ id, ...hashed })

const changed = (key: StoredKey, { budget, disabled, expires_at, mcp, models, rate }: KeyChanges): StoredKey => ({
  ...key,
  ...(models === undefined ? {} : { models }),
  ...(budget === undefined ? {} : { budget }),
  ...(rate === undefined ? {} : { rate }),
  ...(mcp === undefined ? {} : { mcp }),
  ...(disabled === undefined ? {} : { disabled }),
  ...(expires_at === undefined ? {} : { expiresAt: expires_at })
})

/** Without a book there is no place for created keys. */
export const make = (settings: Settings.Service, declared: () => DeclaredKeys, book: KeyBook | null): KeyAdmin => {
  const modify = Effect.fnUntraced(function* (
    name: string,
    change: (current: StoredKey | null) => Either.Either<StoredKey | null, GatewayError>
  ) {
    if (book === null) return yield* notKept
    return yield* Effect.catchTag(book.modify(name, change), "KeyStoreError", storeFailed)
  })

  /** A change to a key that was made here. */
  const modifyCreated = Effect.fnUntraced(function* (name: string, change: (key: StoredKey) => StoredKey | null) {
    if (declared().get(name) !== null) return yield* isDeclared(settings, name)
    return yield* modify(name, (current) =>
      current === null ? Either.left(notFound(name)) : Either.right(change(current))
    )
  })

  return {
    list: Effect.sync(() => [...declared().all, ...(book?.current().all.map(describe) ?? [])]),

    get: Effect.fn("Keys.get")(function* (name) {
      const created = book?.current().get(name) ?? null
      return declared().get(name) ?? (created === null ? yield* notFound(name) : describe(created))
    }),

    create: Effect.fn("Keys.create")(function* ({ budget, expires_at, mcp, models, name, rate }) {
      const now = yield* Clock.currentTimeMillis
      if (name === adminName) return yield* isTaken(name, "the ledger shows the admin under it")
      if (declared().get(name) !== null) return yield* isTaken(name, `it is declared under ${placeOf(settings)}`)
      if (expires_at !== null && expires_at <= now) {
        return yield* makeError("invalid_request", "expires_at: Expected a time to come", { param: "expires_at" })
      }
      const secret = Secret.issue()
      const key: StoredKey = {
        name,
        models,
        budget,
        rate,
        mcp: mcp ?? null,
        disabled: false,
        createdAt: now,
        rotatedAt: null,
        expiresAt: expires_at,
        secret: secretOf(secret),
        previous: null
      }
      yield* modify(name, (current) =>
        current === null ? Either.right(key) : Either.left(isTaken(name, "there is such a key already"))
      )
      return issued(key, secret)
    }),

    update: Effect.fn("Keys.update")(function* (name, changes) {
      const key = yield* modifyCreated(name, (key) => changed(key, changes))
      return key === null ? yield* notFound(name) : describe(key)
    }),

    rotate: Effect.fn("Keys.rotate")(function* (name, { grace }) {
      const now = yield* Clock.currentTimeMillis
      const secret = Secret.issue()
      const key = yield* modifyCreated(name, (key) => ({
        ...key,
        rotatedAt: now,
        secret: secretOf(secret),
        // Without a grace nothing is kept that a clock set back could bring to life.
        previous: grace === 0 ? null : { ...key.secret, until: now + grace }
      }))
      return key === null ? yield* notFound(name) : issued(key, secret)
    }),

    remove: Effect.fn("Keys.remove")(function* (name) {
      yield* modifyCreated(name, () => null)
    })
  }
}
