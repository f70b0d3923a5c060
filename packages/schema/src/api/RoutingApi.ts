/** Where a request would go. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Explanation } from "../Explanation.ts"
import { EndpointName } from "../config/Endpoints.ts"
import * as ApiError from "./ApiError.ts"
import { KeyAuth } from "./Authorization.ts"

/** Any request that names a model will do: a chat request can be posted as it is. */
export const ExplainRequest = Schema.Struct(
  {
    model: Schema.NonEmptyString,
    endpoint: Schema.optional(EndpointName).annotations({
      description: "What is to be asked of the model; chat by default. Who has no endpoint for it is passed over"
    })
  },
  { key: Schema.String, value: Schema.Unknown }
).annotations({ identifier: "ExplainRequest", description: "A model's name, or a whole chat request" })

export const RoutingApi = HttpApiGroup.make("routing")
  .add(
    HttpApiEndpoint.post("explain", "/v1/explain")
      .setPayload(ExplainRequest)
      .addSuccess(Explanation)
      .addError(ApiError.BadRequest)
      .addError(ApiError.Forbidden)
      .addError(ApiError.TooLarge)
      .annotate(OpenApi.Summary, "Explain where a request would go")
      .annotate(OpenApi.Description, "Every candidate, kept or dropped, with the reason. Nothing is sent.")
  )
  .middleware(KeyAuth)
  .annotate(OpenApi.Description, "Where a request would go, and why")
