/**
 * Virtual keys: who may call, and what.
 *
 * A presented key is looked up by its hash under a salt that this process drew at start. Nothing compares plain keys:
 * what a lookup's time tells is about digests that no caller can compute.
 */
import { hash, randomBytes } from "node:crypto"
import type { Caller } from "@penstock/schema/api/Caller"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import { type GatewayError, make as makeError } from "@penstock/schema/GatewayError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as NamePattern from "../routing/NamePattern.ts"
import * as Settings from "../Settings.ts"

export interface Service {
  /** Whose key this is. Synchronous: it runs for every request. Fails with `unauthenticated`. */
  readonly authenticate: (presented: string | null) => Either.Either<Caller, GatewayError>
}

export class Keys extends Context.Tag("@penstock/gateway/keys/Keys")<Keys, Service>() {}

/** The caller without authentication: nobody in particular, who may do everything. */
export const anonymous: Caller = { key: null, models: ["*"], admin: true, budget: null, rate: null }

type Authenticate = Service["authenticate"]

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
    "This key is not known here. Use one of the gateway's own keys (`keys` in its configuration), not a provider's."
  )
)

const byDigest = (config: PenstockConfig): Authenticate => {
  const salt = randomBytes(32).toString("hex")
  // In one call: a hash object per request costs five times as much.
  const digest = (key: string) => hash("sha256", salt + key)
  const callers = new Map<string, Either.Either<Caller, GatewayError>>()
  for (const { budget = null, key, models, name, rate = null } of config.keys) {
    callers.set(digest(Redacted.value(key)), Either.right({ key: name, models, admin: false, budget, rate }))
  }
  if (config.server.admin_key !== undefined) {
    // Last, so that it stays the admin's even if a virtual key was given the same value.
    callers.set(digest(Redacted.value(config.server.admin_key)), Either.right({ ...anonymous, key: "admin" }))
  }
  return (presented) => (presented === null ? required : (callers.get(digest(presented)) ?? unknown))
}

const open: Authenticate = () => Either.right(anonymous)

export const make = (settings: Settings.Service): Service => {
  const authenticate = settings.derive((config) => (config.server.auth === "none" ? open : byDigest(config)))
  return { authenticate: (presented) => authenticate()(presented) }
}

export const layer: Layer.Layer<Keys, never, Settings.Settings> = Layer.effect(
  Keys,
  Effect.map(Settings.Settings, make)
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
