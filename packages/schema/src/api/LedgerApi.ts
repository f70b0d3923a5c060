/** What was asked, and what it cost. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { CostDimension, CostReport, RequestDetail, RequestFilter, RequestPage } from "../LedgerEntry.ts"
import * as ApiError from "./ApiError.ts"
import { AdminAuth } from "./Authorization.ts"

/** A misspelt filter must not be taken for no filter. */
const strict = { parseOptions: { onExcessProperty: "error" } } as const

export const RequestsQuery = Schema.Struct({
  ...RequestFilter.fields,
  format: Schema.optional(Schema.Literal("json", "csv")).annotations({
    description: "`csv` is also chosen by `Accept: text/csv`"
  })
}).annotations(strict)
export type RequestsQuery = typeof RequestsQuery.Type

/** `model,day`, or the parameter several times. */
const Dimensions = Schema.transform(
  Schema.Union(Schema.String, Schema.Array(Schema.String)),
  Schema.Array(Schema.String),
  {
    strict: true,
    decode: (by) =>
      (typeof by === "string" ? [by] : by)
        .flatMap((each) => each.split(","))
        .map((each) => each.trim())
        .filter((each) => each !== ""),
    encode: (by) => by.join(",")
  }
)
  .pipe(Schema.compose(Schema.Array(CostDimension)))
  .annotations({
    jsonSchema: { type: "string", default: "model" },
    description: "Any of model, provider, key, workflow and day, separated by commas. Empty: only the total."
  })

const Day = Schema.String.pipe(
  Schema.filter((day) => /^\d{4}-\d{2}-\d{2}$/.test(day) && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day), {
    message: () => "expected a day such as 2026-01-31",
    jsonSchema: { format: "date" }
  })
)

export const CostsQuery = Schema.Struct({
  by: Schema.optionalWith(Dimensions, { default: () => ["model"] as const }),
  from: Schema.optional(Day).annotations({ description: "First day, UTC" }),
  to: Schema.optional(Day).annotations({ description: "Last day, UTC, inclusive" }),
  baseline: Schema.optional(Schema.NonEmptyString).annotations({
    description: "A model on whose price the same tokens are counted again: `provider/model`"
  })
}).annotations(strict)

export const LedgerApi = HttpApiGroup.make("ledger")
  .add(
    HttpApiEndpoint.get("requests", "/v1/requests")
      .setUrlParams(RequestsQuery)
      .addSuccess(RequestPage)
      .annotate(OpenApi.Summary, "List requests, newest first")
      .annotate(
        OpenApi.Description,
        "JSON comes in pages: pass `next` as `cursor` for the next one, or follow the `Link` header. CSV is streamed " +
          "and holds every row that the filter selects, unless `limit` is given; a text that a spreadsheet would take " +
          "for a formula is preceded by an apostrophe."
      )
  )
  .add(
    HttpApiEndpoint.get("request", "/v1/requests/:id")
      .setPath(Schema.Struct({ id: Schema.String }))
      .addSuccess(RequestDetail)
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Get a request with its attempts")
      .annotate(OpenApi.Description, "The id is the one that an answer carries as `x-request-id`.")
  )
  .add(
    HttpApiEndpoint.get("costs", "/v1/costs")
      .setUrlParams(CostsQuery)
      .addSuccess(CostReport)
      .annotate(OpenApi.Summary, "Sum costs")
      .annotate(
        OpenApi.Description,
        "Requests whose price is unknown are counted in `unpriced` and are not in the sums. With `baseline`, each row " +
          "says what the same tokens would have cost on that model."
      )
  )
  .addError(ApiError.BadRequest)
  .addError(ApiError.Internal)
  .middleware(AdminAuth)
  .annotate(OpenApi.Description, "For the admin")
