/** The API's client, derived from the same value as the server. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpApiClient from "@effect/platform/HttpApiClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Problem from "./Problem.ts"

/** Sends what it is given, with the key, to the server that this page comes from. */
const authorized = (key: string | null) => (http: HttpClient.HttpClient) =>
  key === null ? http : HttpClient.mapRequest(http, HttpClientRequest.bearerToken(key))

const makeApi = (key: string | null) =>
  HttpApiClient.make(PenstockApi, { baseUrl: location.origin, transformClient: authorized(key) })

export type Api = Effect.Effect.Success<ReturnType<typeof makeApi>>

export interface Client {
  readonly api: Api
  /** For what is not a call with one answer: streams and files. Addresses are paths. */
  readonly http: HttpClient.HttpClient
}

export const make = (key: string | null): Client =>
  Effect.runSync(
    Effect.all({
      api: makeApi(key),
      http: Effect.map(HttpClient.HttpClient, (http) =>
        HttpClient.mapRequest(authorized(key)(http), HttpClientRequest.prependUrl(location.origin))
      )
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

/** Runs a call; rejects with a `Problem`. */
export const run = async <A, E>(call: Effect.Effect<A, E>, signal?: AbortSignal): Promise<A> => {
  const exit = await Effect.runPromiseExit(call, signal === undefined ? {} : { signal })
  if (Exit.isSuccess(exit)) return exit.value
  throw Problem.of(Cause.squash(exit.cause))
}
