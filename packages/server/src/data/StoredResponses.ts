/**
 * `GET` and `DELETE /v1/responses/{id}` and `GET …/input_items`: what the store of `previous_response_id` has, to the key
 * that had it. Nobody else is asked: what a provider keeps is known by its own ids, and to its own key.
 */
import { Keys, presentedKey } from "@penstock/gateway/keys/Keys"
import { dialect } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import * as StoredItems from "@penstock/gateway/protocols/openai-responses/StoredItems"
import * as ResponseStore from "@penstock/gateway/replay/ResponseStore"
import * as RequestIds from "@penstock/gateway/RequestId"
import type { JsonObject } from "@penstock/gateway/wire/Json"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { DataPlane } from "./DataPlane.ts"
import * as ResponseSink from "./ResponseSink.ts"

const paths = /^\/v1\/responses\/([^/?]+)(\/input_items|\/cancel)?$/

/** What is asked for, and of which response. */
interface Asked {
  readonly what: "get" | "delete" | "input_items" | "cancel"
  readonly id: string
  readonly query: URLSearchParams
}

const kinds: { readonly [methodAndPath: string]: Asked["what"] } = {
  GET: "get",
  DELETE: "delete",
  "GET/input_items": "input_items",
  "POST/cancel": "cancel"
}

/** Null for what is no business of this plane. */
const askedOf = (method = "", url = ""): Asked | null => {
  const [path = "", ...query] = url.split("?")
  const [, id = "", below = ""] = paths.exec(path) ?? []
  const what = id === "" ? undefined : kinds[`${method === "HEAD" ? "GET" : method}${below}`]
  return what === undefined ? null : { what, id, query: new URLSearchParams(query.join("?")) }
}

const notHere = (id: string) =>
  Either.left(
    GatewayError.make(
      "not_found",
      `There is no response "${id}" here. Responses are kept in memory for a day, as long as there is room, for the key that had them, and not with \`store: false\`.`,
      { param: "response_id", code: "response_not_found" }
    )
  )

const refused = (param: string, message: string) =>
  Either.left(GatewayError.make("invalid_request", message, { param }))

type Answer = Either.Either<JsonObject, GatewayError.GatewayError>

const answer = (store: ResponseStore.Store, caller: string | null, { id, query, what }: Asked): Answer => {
  const kept = store.get(caller, id)
  if (kept === null) return notHere(id)
  switch (what) {
    case "get":
      return query.get("stream") === "true"
        ? refused("stream", "stream: a response that is kept is given whole. Leave it out.")
        : Either.right(kept.response)
    case "delete":
      store.remove(caller, id)
      return Either.right({ id, object: "response", deleted: true })
    case "input_items":
      return StoredItems.page(StoredItems.items(id, ResponseStore.inputOf(kept)), query)
    case "cancel":
      return refused("response_id", "Only a response in the background can be cancelled, and there are none here.")
  }
}

/** Everything is at hand, so that no request is ever under way. */
export const make = (store: ResponseStore.Store) =>
  Effect.gen(function* () {
    const keys = yield* Keys
    const clock = yield* Clock.clockWith(Effect.succeed)
    const plane: DataPlane = {
      accept: (request, response) => {
        const asked = askedOf(request.method, request.url)
        if (asked === null) return false
        const id = RequestIds.at(clock.unsafeCurrentTimeMillis())
        const answered = Either.flatMap(keys.authenticate(presentedKey(request.headers)), ({ key }) =>
          answer(store, key, asked)
        )
        if (Either.isLeft(answered)) ResponseSink.fail(response, dialect, id, answered.left)
        else {
          const body = Buffer.from(JSON.stringify(answered.right))
          response.writeHead(200, {
            "content-type": "application/json",
            "content-length": body.length,
            "x-request-id": id
          })
          response.end(body)
        }
        // What a request for cancelling holds is not read.
        request.resume()
        return true
      },
      idle: Effect.void,
      interruptAll: Effect.void
    }
    return plane
  })
