/** Server-sent events as a stream, whatever pieces they arrive in. */
import * as Sse from "@effect/experimental/Sse"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { OpenAiError } from "@penstock/schema/api/ApiError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { gone, Problem } from "./Problem.ts"

const decodeFailure = Schema.decodeUnknown(OpenAiError)

/** What a refusal says of itself. */
const refused = (response: HttpClientResponse.HttpClientResponse) =>
  response.json.pipe(
    Effect.flatMap(decodeFailure),
    Effect.map(({ error }) => error.message),
    Effect.orElseSucceed(() => `The server answered ${response.status}.`),
    Effect.flatMap((message) =>
      Effect.fail(
        new Problem({ kind: response.status === 401 || response.status === 403 ? "locked" : "refused", message })
      )
    )
  )

export interface Opened {
  readonly headers: HttpClientResponse.HttpClientResponse["headers"]
  readonly events: Stream.Stream<Sse.Event, unknown>
}

/** Sends the request and gives its events; the connection is closed when the stream is given up. */
export const open = (http: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(http.execute(request), (response): Effect.Effect<Opened, Problem> => {
    if (response.status >= 400) return refused(response)
    return Effect.succeed({
      headers: response.headers,
      // Events that have begun break off with their connection.
      events: response.stream.pipe(
        Stream.mapError(() => gone),
        Stream.decodeText(),
        Stream.pipeThroughChannel(Sse.makeChannel())
      )
    })
  })
