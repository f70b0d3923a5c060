/** Whether it lives, what it can do, and where to go from here. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Breaker } from "../Explanation.ts"

export class Health extends Schema.Class<Health>("Health")({
  status: Schema.Literal("ok"),
  version: Schema.String
}) {}

export class ProviderState extends Schema.Class<ProviderState>("ProviderState")({
  protocol: Schema.String,
  configured: Schema.Boolean.annotations({ description: "Whether everything that it needs is set" }),
  reachable: Schema.NullOr(Schema.Boolean).annotations({ description: "Null when it was not asked" }),
  ready: Schema.Boolean.annotations({ description: "Whether it can be called" }),
  reason: Schema.NullOr(Schema.String).annotations({ description: "Why not" }),
  breakers: Schema.Record({ key: Schema.String, value: Breaker }).annotations({
    description: "By model, those that have failed lately; all others are closed"
  })
}) {}

const readiness = {
  ledger: Schema.Struct({ ready: Schema.Boolean, reason: Schema.NullOr(Schema.String) }),
  providers: Schema.Record({ key: Schema.String, value: ProviderState })
}
export class Ready extends Schema.Class<Ready>("Ready")({ status: Schema.Literal("ready"), ...readiness }) {}
export class NotReady extends Schema.Class<NotReady>("NotReady")({
  status: Schema.Literal("not_ready"),
  ...readiness
}) {}

export class Landing extends Schema.Class<Landing>("Landing")({
  name: Schema.Literal("penstock"),
  version: Schema.String,
  providers: Schema.Record({ key: Schema.String, value: Schema.String }).annotations({
    description: "`configured`, or what to set"
  }),
  models: Schema.Array(Schema.String).annotations({ description: "Names of the configuration" }),
  links: Schema.Record({ key: Schema.String, value: Schema.String }),
  try: Schema.String.annotations({ description: "A command that works as it stands" })
}) {}

export const StatusApi = HttpApiGroup.make("status")
  .add(
    HttpApiEndpoint.get("landing", "/")
      .addSuccess(Landing)
      .annotate(OpenApi.Summary, "Where to go from here")
      .annotate(OpenApi.Description, "JSON, or a page for a browser (`Accept: text/html`).")
  )
  .add(HttpApiEndpoint.get("health", "/health").addSuccess(Health).annotate(OpenApi.Summary, "Liveness"))
  .add(
    HttpApiEndpoint.get("ready", "/ready")
      .addSuccess(Ready)
      .addSuccess(NotReady, { status: 503 })
      .annotate(OpenApi.Summary, "Readiness")
      .annotate(
        OpenApi.Description,
        "200 when the ledger works and at least one provider can be called. Each provider has up to 2 s to answer. " +
          "With `auth: keys`, reasons name no addresses."
      )
  )
  .annotate(OpenApi.Description, "Open to everyone")
