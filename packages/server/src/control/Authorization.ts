/** Checks the keys that the API's endpoints want. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Keys from "@penstock/gateway/keys/Keys"
import { Settings } from "@penstock/gateway/Settings"
import { AdminAuth, KeyAuth } from "@penstock/schema/api/Authorization"
import { make } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Both ways to present a key are read at once, so that the answer is about the key that was sent. */
const authenticate = (keys: Keys.Service) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    keys.authenticate(Keys.presentedKey(request.headers))
  )

export const layerKeyAuth = Layer.effect(
  KeyAuth,
  Effect.map(Keys.Keys, (keys) => {
    const check = authenticate(keys)
    return { bearer: () => check, apiKey: () => check }
  })
)

export const layerAdminAuth = Layer.effect(
  AdminAuth,
  Effect.gen(function* () {
    const keys = yield* Keys.Keys
    const settings = yield* Settings
    const check = Effect.flatMap(authenticate(keys), (caller) =>
      caller.admin
        ? Effect.succeed(caller)
        : Effect.fail(
            make(
              "forbidden",
              settings.current().server.admin_key === undefined
                ? "This is for the admin, and no admin key is configured: set PENSTOCK_ADMIN_KEY or `server.admin_key`."
                : "This is for the admin: send the admin key (PENSTOCK_ADMIN_KEY or `server.admin_key`)."
            )
          )
    )
    return { bearer: () => check, apiKey: () => check }
  })
)
