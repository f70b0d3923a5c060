/**
 * Which key an endpoint wants. With `server.auth: none` both let everyone pass. What they check is in the server; here
 * is what a client and the API's description must know.
 */
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import * as ApiError from "./ApiError.ts"
import { CurrentCaller } from "./Caller.ts"

const security = {
  bearer: HttpApiSecurity.annotate(
    HttpApiSecurity.bearer,
    OpenApi.Description,
    "A virtual key or the admin key, as OpenAI's clients send it. Not needed with `auth: none`."
  ),
  apiKey: HttpApiSecurity.apiKey({ in: "header", key: "x-api-key" }).pipe(
    HttpApiSecurity.annotate(OpenApi.Description, "The same key, as Anthropic's clients send it.")
  )
} as const

/**
 * Any key that is known.
 * @effect-expect-leaking HttpServerRequest | ParsedSearchParams | RouteContext
 */
export class KeyAuth extends HttpApiMiddleware.Tag<KeyAuth>()("@penstock/schema/api/KeyAuth", {
  failure: ApiError.Unauthenticated,
  provides: CurrentCaller,
  security
}) {}

/**
 * The admin key: 401 without a key, 403 with a virtual one.
 * @effect-expect-leaking HttpServerRequest | ParsedSearchParams | RouteContext
 */
export class AdminAuth extends HttpApiMiddleware.Tag<AdminAuth>()("@penstock/schema/api/AdminAuth", {
  failure: Schema.Union(ApiError.Unauthenticated, ApiError.Forbidden),
  provides: CurrentCaller,
  security
}) {}
