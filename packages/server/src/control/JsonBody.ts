/** Bodies of the control plane: bounded in size and depth, and with a word on what is wrong with one. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { isObject } from "@penstock/gateway/wire/Json"
import * as JsonEdit from "@penstock/gateway/wire/JsonEdit"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { invalidRequest } from "./Failures.ts"

const tooLarge = (limit: number) =>
  make("too_large", `The body is larger than the ${limit} bytes of \`server.max_body\`.`)

/** The body as text, never more of it in memory than the limit. */
export const readText = (request: HttpServerRequest.HttpServerRequest, limit: number, wanted: string) => {
  if (Number(request.headers["content-length"] ?? 0) > limit) return Effect.fail(tooLarge(limit))
  const chunks: Array<Uint8Array> = []
  let size = 0
  return request.stream.pipe(
    Stream.mapError(() => make("invalid_request", `The body is missing or broke off. ${wanted}`)),
    Stream.runForEach((chunk): Effect.Effect<void, GatewayError> => {
      size += chunk.length
      if (size > limit) return Effect.fail(tooLarge(limit))
      chunks.push(chunk)
      return Effect.void
    }),
    Effect.map(() => Buffer.concat(chunks).toString("utf8"))
  )
}

const announcesBody = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined

const parse = (text: string, wanted: string): Effect.Effect<unknown, GatewayError> => {
  if (JsonEdit.isDeeperThan(Buffer.from(text), JsonEdit.maxDepth)) {
    return Effect.fail(make("invalid_request", `The body's JSON is nested deeper than ${JsonEdit.maxDepth} levels.`))
  }
  return Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      make(
        "invalid_request",
        text.trim() === ""
          ? `The body is empty. ${wanted}`
          : `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`
      )
  })
}

/** `wanted` is a sentence with an example, for a caller who sent no body. */
export interface Options {
  readonly limit: number
  readonly wanted: string
  /** What no body stands for; without it there must be one. */
  readonly empty?: unknown
}

/** What a body holds, or the first field at fault in it. */
export const decoder = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknown(schema)
  return (body: unknown, wanted: string): Effect.Effect<A, GatewayError> =>
    Effect.mapError(decode(body, { errors: "all" }), (error) =>
      // Of what is no object at all a decoder tells the name of a schema, which a caller knows nothing of.
      isObject(body)
        ? invalidRequest(ParseResult.ArrayFormatter.formatErrorSync(error))
        : make("invalid_request", `The body is no JSON object. ${wanted}`)
    )
}

/** Reads bodies of a schema. */
export const reader = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = decoder(schema)
  return (request: HttpServerRequest.HttpServerRequest, options: Options): Effect.Effect<A, GatewayError> =>
    Effect.gen(function* () {
      const reading = readText(request, options.limit, options.wanted)
      const optional = "empty" in options
      // Where no body was announced, that there is none to read is no failure.
      const text = yield* optional && !announcesBody(request)
        ? Effect.catchIf(
            reading,
            ({ reason }) => reason === "invalid_request",
            () => Effect.succeed("")
          )
        : reading
      const body = optional && text.trim() === "" ? options.empty : yield* parse(text, options.wanted)
      return yield* decode(body, options.wanted)
    })
}
