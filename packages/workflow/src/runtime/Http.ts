/** What `http` steps send: a port, behind which only hosts on the list are reached. */
import { RequestInit } from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import { isHttpMethod } from "@effect/platform/HttpMethod"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { HostList } from "../checker/Catalogues.ts"

export interface Request {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  /** Text is sent as it is, anything else as JSON; null for none. */
  readonly body: unknown
}

export interface Response {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  /** Parsed where it is JSON. */
  readonly body: unknown
}

export class HttpFailure extends Data.TaggedError("HttpFailure")<{
  readonly reason: "network" | "invalid_request"
  readonly message: string
}> {}

export interface Service {
  readonly send: (request: Request) => Effect.Effect<Response, HttpFailure>
}

export class Http extends Context.Tag("@penstock/workflow/runtime/Http")<Http, Service>() {}

const forbidden = (message: string) => new HttpFailure({ reason: "invalid_request", message })

/** No host at all. */
export const layerNone: Layer.Layer<Http> = Layer.succeed(Http, {
  send: ({ url }) => Effect.fail(forbidden(`no host may be reached, so ${url} was not; list the hosts that may`))
})

const isJson = (contentType: string | undefined): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? "")

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const unreachable = ({ message }: HttpClientError) => new HttpFailure({ reason: "network", message })

/** An answer without a body, as 204 is, is a failure to the client's stream. */
const isEmpty = (error: HttpClientError): boolean => error._tag === "ResponseError" && error.reason === "EmptyBody"

/** Bytes of an answer. What is longer is not read to its end. */
const largestBody = 8_388_608

const bounded = Effect.fnUntraced(function* (response: HttpClientResponse, host: string) {
  const decoder = new TextDecoder()
  let read = 0
  let text = ""
  const bytes = response.stream.pipe(
    Stream.catchAll((error) => (isEmpty(error) ? Stream.empty : Stream.fail(unreachable(error))))
  )
  yield* Stream.runForEach(bytes, (chunk) => {
    read += chunk.length
    if (read > largestBody) return forbidden(`${host} answered with more than ${largestBody} bytes`)
    text += decoder.decode(chunk, { stream: true })
    return Effect.void
  })
  return text + decoder.decode()
})

/** Redirects lead to hosts that nobody listed: the one client that follows them by itself is told not to. */
const stay = { redirect: "manual" } as const

export const layer = (hosts: HostList): Layer.Layer<Http, never, HttpClient.HttpClient> =>
  Layer.effect(
    Http,
    Effect.map(HttpClient.HttpClient, (client) => ({
      send: Effect.fn("Http.send")(function* ({ body, headers, method, url }: Request) {
        const address = URL.canParse(url) ? new URL(url) : null
        if (address === null || !/^https?:$/.test(address.protocol))
          return yield* forbidden(`"${url}" is no http address`)
        if (!hosts.allows(address.host)) {
          return yield* forbidden(
            `the host ${address.host} is not on the list: ${hosts.names.join(", ") || "it is empty"}`
          )
        }
        if (!isHttpMethod(method)) return yield* forbidden(`"${method}" is no method`)
        const base = HttpClientRequest.make(method)(address, { headers })
        const request =
          body === null || body === undefined
            ? base
            : typeof body === "string"
              ? HttpClientRequest.bodyText(base, body)
              : HttpClientRequest.setBody(base, HttpBody.unsafeJson(body))
        const response = yield* client
          .execute(request)
          .pipe(Effect.mapError(unreachable), Effect.provideService(RequestInit, stay))
        const text = yield* bounded(response, address.host)
        return {
          status: response.status,
          headers: { ...response.headers },
          body: isJson(response.headers["content-type"]) ? parsed(text) : text
        }
      })
    }))
  )
