/** `/v1/keys`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Keys } from "@penstock/gateway/keys/Keys"
import { Settings } from "@penstock/gateway/Settings"
import { IssuedKey, KeyChanges, KeyList, NewKey, Rotation } from "@penstock/schema/api/KeysApi"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as JsonBody from "./JsonBody.ts"

const readNew = JsonBody.reader(NewKey)
const readChanges = JsonBody.reader(KeyChanges)
const readRotation = JsonBody.reader(Rotation)

const encodeIssued = Schema.encodeSync(IssuedKey)

/** The one answer that holds a secret: nobody on the way may keep it. */
const issued = (status: 200 | 201) => (key: IssuedKey) =>
  HttpServerResponse.unsafeJson(encodeIssued(key), { status, headers: { "cache-control": "no-store" } })

export const layer = HttpApiBuilder.group(PenstockApi, "keys", (handlers) =>
  Effect.gen(function* () {
    const keys = yield* Keys
    const settings = yield* Settings
    const options = (wanted: string): JsonBody.Options => ({ limit: settings.current().server.max_body, wanted })

    const create = (request: HttpServerRequest.HttpServerRequest) =>
      readNew(request, options('Send JSON that names the key: {"name": "alice"}.')).pipe(
        Effect.flatMap(keys.create),
        Effect.map(issued(201))
      )
    const update = (name: string, request: HttpServerRequest.HttpServerRequest) =>
      readChanges(request, options('Send JSON with what changes: {"disabled": true}.')).pipe(
        Effect.flatMap((changes) => keys.update(name, changes))
      )
    const rotate = (name: string, request: HttpServerRequest.HttpServerRequest) =>
      readRotation(request, { ...options('Send no body, or {"grace": "24h"}.'), empty: {} }).pipe(
        Effect.flatMap((rotation) => keys.rotate(name, rotation)),
        Effect.map(issued(200))
      )

    return handlers
      .handle("list", () => Effect.map(keys.list, (all) => new KeyList({ keys: all })))
      .handle("get", ({ path: { name } }) => keys.get(name))
      .handleRaw("create", ({ request }) => create(request))
      .handleRaw("update", ({ path: { name }, request }) => update(name, request))
      .handleRaw("rotate", ({ path: { name }, request }) => rotate(name, request))
      .handle("remove", ({ path: { name } }) => keys.remove(name))
  })
)
