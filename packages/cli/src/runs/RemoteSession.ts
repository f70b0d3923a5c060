/** Runs at a server, over its HTTP API. */
import * as Sse from "@effect/experimental/Sse"
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { RunPage, RunState } from "@penstock/schema/api/RunsApi"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import type { Session, SessionEvent } from "./Session.ts"

const ErrorBody = Schema.Struct({
  error: Schema.Struct({ message: Schema.String }),
  diagnostics: Schema.optional(
    Schema.Array(
      Schema.Struct({ code: Schema.String, message: Schema.String, file: Schema.String, range: Schema.Unknown })
    )
  )
})
const decodeError = Schema.decodeUnknownEither(Schema.parseJson(ErrorBody))
const decodeStarted = Schema.decodeUnknown(Schema.parseJson(Schema.Struct({ run_id: Schema.String })))
const decodeWorkflow = Schema.decodeUnknown(Schema.parseJson(Schema.Struct({ inputs: Schema.Unknown })))
const decodeState = Schema.decodeUnknown(Schema.parseJson(RunState))
const decodePage = Schema.decodeUnknown(Schema.parseJson(RunPage))
const Data = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
const decodeData = Schema.decodeUnknownEither(Data)

const failed = (exitCode: 1 | 2, text: string) => new CommandFailed({ exitCode, text })

/** Null for an event that is none of ours. */
const toEvent = ({ data, event }: Sse.Event): SessionEvent | null => {
  const decoded = decodeData(data)
  if (Either.isLeft(decoded)) return null
  const { path } = decoded.right
  return { type: event, path: typeof path === "string" ? path : null, data: decoded.right }
}

export const make = Effect.fnUntraced(function* (server: string, key: string | null) {
  if (!URL.canParse(server) || !/^https?:/.test(server)) {
    return yield* failed(2, `--server takes an address like http://127.0.0.1:8080, and not "${server}".`)
  }
  const base = server.replace(/\/+$/, "").replace(/\/v1$/, "")
  const client = Context.get(yield* Layer.build(NodeHttpClient.layer), HttpClient.HttpClient)

  const unreachable = (error: HttpClientError) =>
    failed(1, `The server at ${base} cannot be reached: ${error.description ?? error.message}`)

  const refused = Effect.fnUntraced(function* (response: HttpClientResponse) {
    const text = yield* Effect.orElseSucceed(response.text, () => "")
    const body = decodeError(text)
    if (Either.isLeft(body)) return failed(1, `${base} answered ${response.status}, and not as a Penstock does.`)
    const { diagnostics = [], error } = body.right
    const lines = [error.message, ...diagnostics.map(({ code, file, message }) => `  ${file}: ${code} ${message}`)]
    const isOurs = response.status >= 400 && response.status < 500 && response.status !== 409
    return failed(isOurs ? 2 : 1, lines.join("\n"))
  })

  const send = Effect.fnUntraced(function* (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) {
    const bare = HttpClientRequest.make(method)(`${base}${path}`)
    const request = key === null ? bare : HttpClientRequest.bearerToken(bare, key)
    const response = yield* client
      .execute(body === undefined ? request : HttpClientRequest.bodyUnsafeJson(request, body))
      .pipe(Effect.mapError(unreachable))
    return response.status < 400 ? response : yield* Effect.flatMap(refused(response), Effect.fail)
  })

  const read = <A>(
    response: HttpClientResponse,
    decode: (text: string) => Effect.Effect<A, unknown>
  ): Effect.Effect<A, CommandFailed> =>
    response.text.pipe(
      Effect.mapError(unreachable),
      Effect.flatMap((text) =>
        Effect.mapError(decode(text), () => failed(1, `${base} gave an answer that this version does not know.`))
      )
    )

  const run = (id: string, more = "") => `/v1/runs/${encodeURIComponent(id)}${more}`
  const named = (workflow: string) =>
    /[\\/]|\.ya?ml$/.test(workflow)
      ? failed(2, `The server runs the workflows of its own folder: give the name of one, not "${workflow}".`)
      : Effect.succeed(encodeURIComponent(workflow))
  const session: Session = {
    inputs: Effect.fnUntraced(function* (workflow) {
      const response = yield* send("GET", `/v1/workflows/${yield* named(workflow)}`)
      return (yield* read(response, decodeWorkflow)).inputs
    }),
    start: Effect.fnUntraced(function* (workflow, input) {
      const response = yield* send("POST", `/v1/workflows/${yield* named(workflow)}/runs`, { input })
      return (yield* read(response, decodeStarted)).run_id
    }),
    state: (id) => Effect.flatMap(send("GET", run(id)), (response) => read(response, decodeState)),
    list: (limit) =>
      Effect.flatMap(send("GET", `/v1/runs?limit=${limit}`), (response) =>
        Effect.map(read(response, decodePage), ({ runs }) => runs)
      ),
    events: (id) =>
      Stream.unwrap(
        Effect.map(send("GET", run(id, "/events")), (response) =>
          response.stream.pipe(
            Stream.mapError(unreachable),
            Stream.decodeText(),
            Stream.pipeThroughChannel(Sse.makeChannel<CommandFailed, unknown>()),
            Stream.filterMap((event) => {
              return Option.fromNullable(toEvent(event))
            }),
            Stream.takeUntil(({ type }) => type === "run.finished")
          )
        )
      ),
    signal: (id, name, body) => Effect.asVoid(send("POST", run(id, `/signals/${encodeURIComponent(name)}`), body)),
    cancel: (id) => Effect.asVoid(send("DELETE", run(id))),
    later: (id) => `penstock runs resume ${id} --server ${base}`
  }
  return session
})
