/** How it goes now. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { TrafficReport } from "../Traffic.ts"
import * as ApiError from "./ApiError.ts"
import { AdminAuth } from "./Authorization.ts"

export const TrafficQuery = Schema.Struct({
  minutes: Schema.optionalWith(Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1440)), {
    default: () => 60
  }).annotations({ description: "How far to look back: 1 to 1440, 60 by default" })
}).annotations({ parseOptions: { onExcessProperty: "error" } })

export const TrafficApi = HttpApiGroup.make("traffic")
  .add(
    HttpApiEndpoint.get("report", "/v1/traffic")
      .setUrlParams(TrafficQuery)
      .addSuccess(TrafficReport)
      .addError(ApiError.BadRequest)
      .annotate(OpenApi.Summary, "Watch the traffic")
      .annotate(
        OpenApi.Description,
        "Requests, errors, tokens, money and latency of the last minutes, in at most 60 points. Answered from sums that " +
          "are kept by the minute, so it may be asked every second, however many requests there are."
      )
  )
  .addError(ApiError.Internal)
  .middleware(AdminAuth)
  .annotate(OpenApi.Description, "For the admin")
