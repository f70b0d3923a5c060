/** What can be asked for, under the names to ask with. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { EndpointName } from "../config/Endpoints.ts"
import * as ApiError from "./ApiError.ts"
import { KeyAuth } from "./Authorization.ts"

/** A model as OpenAI's clients know it. */
export class Model extends Schema.Class<Model>("Model")({
  id: Schema.String.annotations({ description: "The name to send as `model`" }),
  object: Schema.Literal("model"),
  created: Schema.Int.annotations({ description: "Always 0: most providers do not say" }),
  owned_by: Schema.String.annotations({ description: "The provider; `penstock` for a name of the configuration" })
}) {}

export class ModelList extends Schema.Class<ModelList>("ModelList")({
  object: Schema.Literal("list"),
  data: Schema.Array(Model).annotations({ description: "Names of the configuration first, then by provider" }),
  models: Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }).annotations({
    description: "The same names by provider; names of the configuration are not in it"
  }),
  endpoints: Schema.Record({ key: Schema.String, value: Schema.Array(EndpointName) }).annotations({
    description: "What the models of each provider can be asked for, in the provider's own words"
  }),
  unavailable: Schema.Record({ key: Schema.String, value: Schema.String }).annotations({
    description: "Providers whose models cannot be listed now, and why"
  })
}) {}

/** A name that holds slashes (`openai/gpt-4o`) is one path segment when it is escaped; the server takes it unescaped too. */
const ModelName = Schema.transform(Schema.String, Schema.String, {
  strict: true,
  // The router has unescaped it already.
  decode: (name) => name,
  encode: encodeURIComponent
}).annotations({ description: "A name of the list, or `provider/model`; slashes may be escaped or not" })

export const ModelsApi = HttpApiGroup.make("models")
  .add(
    HttpApiEndpoint.get("list", "/v1/models")
      .addSuccess(ModelList)
      .annotate(OpenApi.Summary, "List models")
      .annotate(
        OpenApi.Description,
        "Each model once, under the shortest name that reaches it: bare where a route sends the bare name to that " +
          "provider, else `provider/model` (which always works). A provider that does not answer within 2 s is named " +
          "in `unavailable`. With `auth: keys`, only models that the key may use."
      )
  )
  .add(
    HttpApiEndpoint.get("get", "/v1/models/:model")
      .setPath(Schema.Struct({ model: ModelName }))
      .addSuccess(Model)
      .addError(ApiError.Forbidden)
      .addError(ApiError.NotFound)
      .addError(ApiError.Unavailable)
      .annotate(OpenApi.Summary, "Look up a model")
  )
  .middleware(KeyAuth)
  .annotate(OpenApi.Description, "What can be asked for")
