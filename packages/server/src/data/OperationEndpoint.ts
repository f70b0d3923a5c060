/** The endpoints for operations: from a request's bytes to a call, and its answer into the response. */
import type { Call } from "@penstock/gateway/exchange/Call"
import { dialect } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import type { Asked, Operation } from "@penstock/gateway/operations/Operation"
import { named } from "@penstock/gateway/protocols/PassThrough"
import * as JsonEdit from "@penstock/gateway/wire/JsonEdit"
import type { Form } from "@penstock/gateway/wire/Multipart"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Answering from "./Answering.ts"
import type { Endpoint } from "./DataPlane.ts"
import * as FormBody from "./FormBody.ts"
import type * as RequestBody from "./RequestBody.ts"
import * as ResponseSink from "./ResponseSink.ts"
import * as WorkflowModel from "./WorkflowModel.ts"

/** A form's request. Twice a model: the provider could read the other one. */
const ofForm = (
  { bytes, json }: RequestBody.Body,
  { fields }: Form,
  contentType: string | undefined
): Either.Either<Asked, GatewayError.GatewayError> => {
  const models = fields.filter(({ name }) => name === "model")
  const [model] = models
  if (model === undefined || models.length > 1 || model.isFile) {
    const message = `Invalid 'model': expected one field with the name of a model, got ${models.length === 1 ? "a file" : models.length}.`
    return Either.left(GatewayError.make("invalid_request", message, { param: "model" }))
  }
  return Either.right({
    bytes,
    json,
    named: (name) => (json["model"] === name ? bytes : JsonEdit.replace(bytes, model.value, name)),
    // It names the boundary.
    headers: contentType === undefined ? null : { "content-type": contentType }
  })
}

const asked = (
  body: RequestBody.Body,
  contentType: string | undefined
): Either.Either<Asked, GatewayError.GatewayError> =>
  body.form === undefined
    ? Either.right({ ...body, named: (model) => named(body, model), headers: null })
    : ofForm(body, body.form, contentType)

/** A name with a line break in it would be more than a name in a form. */
const isPlain = (model: string): boolean => !/[\r\n]/.test(model)

const notPlain = Either.left(
  GatewayError.make("invalid_request", "Invalid 'model': expected a name in one line.", { param: "model" })
)

const isWorkflow = Either.left(
  GatewayError.make("invalid_request", "A workflow is asked as a conversation: at /v1/chat/completions, for example.", {
    param: "model",
    code: "unsupported_endpoint"
  })
)

export const make = (operation: Operation, parse?: RequestBody.Parse) =>
  Effect.map(Answering.make, (answer): Endpoint => {
    const path = `/v1${operation.path}`
    return {
      path,
      dialect,
      ...(parse === undefined ? {} : { parse }),
      handle: (exchange) =>
        Effect.gen(function* () {
          const { arrivedAt, body, caller, id, response } = exchange
          const request = yield* asked(body, response.req.headers["content-type"])
          const { model, stream } = yield* operation.envelope(body.json)
          if (body.form !== undefined && !isPlain(model)) return yield* notPlain
          if (WorkflowModel.isMeant(model)) return yield* isWorkflow
          const call: Call<Uint8Array> = {
            id,
            arrivedAt,
            caller,
            endpoint: operation.endpoint,
            asks: operation.name,
            workflowName: null,
            model,
            stream,
            trace: exchange.trace,
            isOpaque: true,
            demand: () => operation.demand(body.bytes.length, body.json),
            standing: (standing) => ResponseSink.limits(response, standing),
            lane: (provider, name) => operation.lane(request, provider, name)
          }
          const memory = operation.isRepeatable ? "bytes" : null
          yield* answer(exchange, call, { path, dialect, keep: null, memory })
        })
    }
  })

/** For operations whose request is a form. */
export const makeForm = (operation: Operation) => make(operation, FormBody.parse)
