/** Virtual keys: those of the configuration, and those made here. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "../config/Fields.ts"
import { BudgetConfig, RateConfig } from "../config/Limits.ts"
import { McpAccess } from "../config/Mcp.ts"
import { DurationMillis } from "../config/Units.ts"
import * as ApiError from "./ApiError.ts"
import { AdminAuth } from "./Authorization.ts"

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/

/** A moment with its zone; milliseconds since the epoch after decoding. */
const Timestamp = Schema.transformOrFail(Schema.String, Schema.Int, {
  strict: true,
  decode: (text, _options, ast) => {
    const millis = timestamp.test(text) ? Date.parse(text) : Number.NaN
    return Number.isNaN(millis)
      ? ParseResult.fail(new ParseResult.Type(ast, text, "Expected a time such as 2026-12-31T23:59:59Z"))
      : ParseResult.succeed(millis)
  },
  encode: (millis) => ParseResult.succeed(new Date(millis).toISOString())
}).annotations({ jsonSchema: { type: "string", format: "date-time" } })

/** Short enough for a path and a table. The names of declared keys may be any. */
const KeyName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, {
    message: () => "Expected 1 to 64 letters, digits, . _ @ or -, the first a letter or digit"
  })
).annotations({ description: "1 to 64 letters, digits, . _ @ or -; unique" })

const Models = Schema.Array(
  Schema.String.pipe(
    Schema.pattern(/^(?!.*\*\*)[^?[\]{}()|^$\\+]+$/, {
      message: () => "Expected a model's name or a pattern, in which only * is special"
    })
  )
).annotations({ description: "Models that may be named; `*` stands for any characters" })

const ExpiresAt = Schema.NullOr(Timestamp).annotations({ description: "From then on it lets nobody in" })

const limits = {
  budget: Schema.NullOr(BudgetConfig).annotations({ description: "What it may spend; null for no limit" }),
  rate: Schema.NullOr(RateConfig).annotations({ description: "How much it may ask for; null for no limit" })
}

const mcp = Schema.NullOr(McpAccess).annotations({ description: "MCP servers and tools that it may use; null for all" })

const keyFields = {
  name: Schema.String,
  source: Schema.Literal("config", "api").annotations({ description: "`config`: changed in the file only" }),
  prefix: Schema.NullOr(Schema.String).annotations({
    description: "How the key begins, to know it by; null for a declared key"
  }),
  models: Schema.Array(Schema.String).annotations({ description: "Models that may be named" }),
  ...limits,
  mcp,
  disabled: Schema.Boolean,
  created_at: Schema.NullOr(Timestamp).annotations({ description: "Null for a declared key" }),
  rotated_at: Schema.NullOr(Timestamp).annotations({ description: "When its secret was last replaced" }),
  expires_at: ExpiresAt
}

/** Times are milliseconds since the epoch. */
export class Key extends Schema.Class<Key>("Key")(keyFields, { description: "A key without its secret" }) {}

export class KeyList extends Schema.Class<KeyList>("KeyList")(
  { keys: Schema.Array(Key).annotations({ description: "Declared keys first, then by name" }) },
  { description: "All keys, without their secrets" }
) {}

/** Told once. */
export class IssuedKey extends Schema.Class<IssuedKey>("IssuedKey")(
  {
    ...keyFields,
    key: Schema.Redacted(Schema.String).annotations({ description: "To be sent as the API key. It is not shown again" })
  },
  { description: "A key with its secret" }
) {}

export const NewKey = strictStruct({
  name: KeyName,
  models: optionalWith(Models, () => ["*"]),
  budget: optionalWith(limits.budget, () => null),
  rate: optionalWith(limits.rate, () => null),
  mcp: Schema.optional(mcp),
  expires_at: optionalWith(ExpiresAt, () => null)
}).annotations({ identifier: "NewKey" })
export type NewKey = typeof NewKey.Type

export const KeyChanges = strictStruct({
  models: Schema.optional(Models),
  budget: Schema.optional(limits.budget),
  rate: Schema.optional(limits.rate),
  mcp: Schema.optional(mcp),
  disabled: Schema.optional(Schema.Boolean),
  expires_at: Schema.optional(ExpiresAt)
}).annotations({ identifier: "KeyChanges", description: "What is left out stays; null removes a limit" })
export type KeyChanges = typeof KeyChanges.Type

export const Rotation = strictStruct({
  grace: optionalWith(DurationMillis, () => 0).annotations({
    description: "How long the old secret works beside the new one; by default not at all"
  })
}).annotations({ identifier: "Rotation" })
export type Rotation = typeof Rotation.Type

const byName = Schema.Struct({ name: Schema.String })

export const KeysApi = HttpApiGroup.make("keys")
  .add(
    HttpApiEndpoint.get("list", "/v1/keys")
      .addSuccess(KeyList)
      .annotate(OpenApi.Summary, "List keys, never the secrets")
  )
  .add(
    HttpApiEndpoint.post("create", "/v1/keys")
      .setPayload(NewKey)
      .addSuccess(IssuedKey, { status: 201 })
      .addError(ApiError.BadRequest)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .annotate(OpenApi.Summary, "Make a key")
      .annotate(OpenApi.Description, "The answer is the only one that holds the secret: keep it.")
  )
  .add(
    HttpApiEndpoint.get("get", "/v1/keys/:name")
      .setPath(byName)
      .addSuccess(Key)
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Look up a key")
  )
  .add(
    HttpApiEndpoint.patch("update", "/v1/keys/:name")
      .setPath(byName)
      .setPayload(KeyChanges)
      .addSuccess(Key)
      .addError(ApiError.BadRequest)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .annotate(OpenApi.Summary, "Change, disable or enable a key")
      .annotate(OpenApi.Description, "Counts for the next request.")
  )
  .add(
    HttpApiEndpoint.post("rotate", "/v1/keys/:name/rotate")
      .setPath(byName)
      .setPayload(Rotation)
      .addSuccess(IssuedKey)
      .addError(ApiError.BadRequest)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .annotate(OpenApi.Summary, "Replace a key's secret")
      .annotate(
        OpenApi.Description,
        "The old secret stops at once, or after `grace`; an even older one in its grace stops at once. The body may be " +
          "left out."
      )
  )
  .add(
    HttpApiEndpoint.del("remove", "/v1/keys/:name")
      .setPath(byName)
      .addSuccess(HttpApiSchema.NoContent)
      .addError(ApiError.NotFound)
      .addError(ApiError.Conflict)
      .annotate(OpenApi.Summary, "Delete a key")
      .annotate(OpenApi.Description, "It lets nobody in from now on. What it cost stays in the ledger.")
  )
  .addError(ApiError.Internal)
  .middleware(AdminAuth)
  .annotate(OpenApi.Description, "For the admin. Keys of the configuration are shown, and changed in the file only")
