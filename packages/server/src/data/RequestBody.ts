/** Reads a request's body from its socket: bounded in size, and as JSON in depth. */
import * as GatewayError from "@penstock/schema/GatewayError"
import { isObject, type JsonObject } from "@penstock/gateway/wire/Json"
import type { Form } from "@penstock/gateway/wire/Multipart"
import * as JsonEdit from "@penstock/gateway/wire/JsonEdit"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { IncomingHttpHeaders, IncomingMessage } from "node:http"

export interface JsonBody {
  readonly bytes: Buffer
  readonly json: JsonObject
}

export interface Body extends JsonBody {
  /** Where its fields are, if it is a form; then these are in `json`. */
  readonly form?: Form
}

/** The fields of a body, in JSON or whatever the request's headers say that it is. */
export type Parse = (bytes: Buffer, headers: IncomingHttpHeaders) => Either.Either<Body, GatewayError.GatewayError>

const invalid = (message: string) => Either.left(GatewayError.make("invalid_request", message))

const tooLarge = (limit: number): GatewayError.GatewayError =>
  GatewayError.make(
    "too_large",
    `The request's body is larger than ${limit} bytes. Send less, or raise \`server.max_body\`.`
  )

const encoded = (encoding: string): GatewayError.GatewayError =>
  GatewayError.make("invalid_request", `The content-encoding "${encoding}" is not supported: send plain JSON.`)

/** The whole body. Fails with `too_large` without reading more than the limit. */
export const read = (request: IncomingMessage, limit: number): Effect.Effect<Buffer, GatewayError.GatewayError> =>
  Effect.async((resume) => {
    const encoding = request.headers["content-encoding"]
    if (encoding !== undefined && encoding !== "identity") return resume(Effect.fail(encoded(encoding)))
    if (Number(request.headers["content-length"] ?? 0) > limit) return resume(Effect.fail(tooLarge(limit)))
    const chunks: Array<Buffer> = []
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= limit) return
      request.off("data", onData)
      resume(Effect.fail(tooLarge(limit)))
    }
    request.on("data", onData)
    request.once("end", () => {
      const [first] = chunks
      const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
      // The request lives as long as its answer takes, and so does whatever its listeners hold.
      chunks.length = 0
      resume(Effect.succeed(whole))
    })
    // Without a listener the error would end the process; the close that follows interrupts this fiber.
    request.once("error", () => {})
  })

/** What a body says. `JSON.parse` names the place of a mistake, so its message is passed on. */
export const parse = (bytes: Buffer): Either.Either<JsonBody, GatewayError.GatewayError> => {
  if (bytes.length === 0) return invalid("The request has no body. Send a JSON object that names a `model`.")
  if (JsonEdit.isDeeperThan(bytes, JsonEdit.maxDepth)) {
    return invalid(`The request's JSON is nested deeper than ${JsonEdit.maxDepth} levels.`)
  }
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"))
    return isObject(json) ? Either.right({ bytes, json }) : invalid("The request's body must be a JSON object.")
  } catch (error) {
    return invalid(`The request's body is not valid JSON: ${error instanceof Error ? error.message : "unreadable"}.`)
  }
}
