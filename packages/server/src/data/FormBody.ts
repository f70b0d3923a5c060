/** A request's body that is a form with files, as clients send sound. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Multipart from "@penstock/gateway/wire/Multipart"
import * as Either from "effect/Either"
import type * as RequestBody from "./RequestBody.ts"

const noForm = Either.left(
  GatewayError.make(
    "invalid_request",
    "This endpoint takes a form (content-type: multipart/form-data with a boundary) with a `file` and a `model`."
  )
)

export const parse: RequestBody.Parse = (bytes, headers) => {
  const boundary = Multipart.boundaryOf(headers["content-type"])
  if (boundary === null) return noForm
  return Either.map(Multipart.parse(bytes, boundary), (form): RequestBody.Body => ({
    bytes,
    json: Multipart.texts(bytes, form),
    form
  }))
}
