/**
 * Virtual keys: who may call, and what. Some are declared in the configuration, others are made through the admin API.
 *
 * A plain key is kept nowhere and compared with nothing: look-ups go by an id or a digest, comparisons of digests take
 * the same time wherever they differ, and a key that is not known takes the way of one that is.
 */
import type { Caller } from "@penstock/schema/api/Caller"
import { type GatewayError, make as makeError } from "@penstock/schema/GatewayError"
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as NamePattern from "../routing/NamePattern.ts"
import * as Settings from "../Settings.ts"
import type { Found } from "./CreatedKeys.ts"
import * as DeclaredKeys from "./DeclaredKeys.ts"
import * as KeyAdmin from "./KeyAdmin.ts"
import * as KeyBook from "./KeyBook.ts"
import type { KeyStoreError } from "./KeyStore.ts"
import * as KeyStoreMemory from "./KeyStoreMemory.ts"
import * as KeyStoreSqlite from "./KeyStoreSqlite.ts"

export interface Service extends KeyAdmin.KeyAdmin {
  /**
   * Whose key this is. Synchronous: it runs for every request. Fails with `unauthenticated`, for a key that may not be
   * used any more with the code `key_disabled` or `key_expired`.
   */
  readonly authenticate: (presented: string | null) => Either.Either<Caller, GatewayError>
}

export class Keys extends Context.Tag("@penstock/gateway/keys/Keys")<Keys, Service>() {}

/** The caller without authentication: nobody in particular, who may do everything. */
export const anonymous: Caller = { key: null, models: ["*"], admin: true, budget: null, rate: null }

const everyone = Either.right(anonymous)
const required = Either.left(
  makeError(
    "unauthenticated",
    "This gateway wants a key: send it as `Authorization: Bearer <key>` or `x-api-key: <key>`.",
    {
      code: "missing_api_key"
    }
  )
)
const unknown = Either.left(
  makeError(
    "unauthenticated",
    "This key is not known here. Use one of the gateway's own keys (`keys` in its configuration, or made with POST /v1/keys), not a provider's."
  )
)

const refused = (code: "key_disabled" | "key_expired", message: string) =>
  Either.left(makeError("unauthenticated", message, { code }))

const iso = (millis: number): string => new Date(millis).toISOString()

/** The secret was the right one, so the key's name is no news to whoever asks. */
const judge = ({ caller, key, until }: Found, now: number): Either.Either<Caller, GatewayError> => {
  if (key.disabled) return refused("key_disabled", `The key ${key.name} is disabled. Ask the admin to enable it.`)
  if (key.expiresAt !== null && key.expiresAt <= now) {
    return refused("key_expired", `The key ${key.name} expired at ${iso(key.expiresAt)}. Ask the admin for more time.`)
  }
  if (until !== null && until <= now) {
    return refused(
      "key_expired",
      `This secret of the key ${key.name} was replaced, and worked until ${iso(until)}. Use the new one.`
    )
  }
  return Either.right(caller)
}

const make = Effect.fnUntraced(function* (book: KeyBook.KeyBook | null) {
  const settings = yield* Settings.Settings
  const clock = yield* Clock.clockWith(Effect.succeed)
  const declared = settings.derive(DeclaredKeys.make)

  const authenticate: Service["authenticate"] = (presented) => {
    if (settings.current().server.auth === "none") return everyone
    if (presented === null) return required
    const found = book?.current().find(presented) ?? null
    if (found !== null) {
      // A reload gave its name to a declared key: two keys under one name would share its limits and its costs.
      return declared().get(found.key.name) === null
        ? judge(found, clock.unsafeCurrentTimeMillis())
        : refused("key_disabled", `The configuration declares another key called ${found.key.name}. Use that one.`)
    }
    const caller = declared().find(presented)
    return caller === null ? unknown : Either.right(caller)
  }

  return { authenticate, ...KeyAdmin.make(settings, declared, book) } satisfies Service
})

/** The keys of the configuration and no others. */
export const layer: Layer.Layer<Keys, never, Settings.Settings> = Layer.effect(Keys, make(null))

/** Created keys end with the layer. */
export const layerMemory: Layer.Layer<Keys, KeyStoreError, Settings.Settings> = Layer.scoped(
  Keys,
  KeyStoreMemory.make.pipe(Effect.flatMap(KeyBook.make), Effect.flatMap(make))
)

/** Created keys in a table of the database. */
export const layerSqlite: Layer.Layer<Keys, KeyStoreError, Settings.Settings | SqlClient.SqlClient> = Layer.scoped(
  Keys,
  KeyStoreSqlite.make.pipe(Effect.flatMap(KeyBook.make), Effect.flatMap(make))
)

/** Whether a caller may name this model. Patterns are matched with the name as the caller wrote it. */
export const mayUse = (caller: Caller, model: string): boolean =>
  caller.models.some((pattern) => NamePattern.matches(pattern, model))

/** What to answer when `mayUse` says no. */
export const mayNotUse = (caller: Caller, model: string): GatewayError =>
  makeError(
    "forbidden",
    `The key ${caller.key ?? "in use"} may not use the model ${model}: it is limited to ${caller.models.join(", ") || "none"}.`,
    { param: "model" }
  )

/**
 * The key of a request: `Authorization: Bearer` as OpenAI's clients send it, else `x-api-key` as Anthropic's do. Names
 * of headers are in lower case.
 */
export const presentedKey = (headers: {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}): string | null => {
  const authorization = headers["authorization"]
  if (typeof authorization === "string") {
    const space = authorization.indexOf(" ")
    if (space > 0 && authorization.slice(0, space).toLowerCase() === "bearer") {
      const key = authorization.slice(space + 1).trim()
      if (key !== "") return key
    }
  }
  const apiKey = headers["x-api-key"]
  return typeof apiKey === "string" && apiKey.trim() !== "" ? apiKey.trim() : null
}
