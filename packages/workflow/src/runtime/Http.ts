/** What `http` steps send: a port, behind which only hosts on the list are reached. */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { isHttpMethod } from "@effect/platform/HttpMethod"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
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

/** The client must not follow redirects: they lead to hosts that nobody listed. */
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
        const failed = ({ message }: HttpClientError) => new HttpFailure({ reason: "network", message })
        const response = yield* Effect.mapError(client.execute(request), failed)
        const text = yield* Effect.mapError(response.text, failed)
        return {
          status: response.status,
          headers: response.headers,
          body: isJson(response.headers["content-type"]) ? parsed(text) : text
        }
      })
    }))
  )
