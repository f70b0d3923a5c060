/** `GET /openapi.json`, and `GET /docs`, a reference that loads nothing from elsewhere. */
import { Api } from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { documentPaths } from "./Paths.ts"
import { specJson } from "./Spec.ts"

/**
 * Swagger UI, in the variant with its script inside the page. That script is 2 MB of source, which is read when somebody
 * asks for the page: a start must not wait for it.
 */
const reference: Effect.Effect<
  HttpApp.Default<unknown, HttpRouter.HttpRouter.DefaultServices>,
  never,
  Api
> = Effect.scoped(
  Effect.gen(function* () {
    const { layer } = yield* Effect.promise(() => import("@effect/platform/HttpApiSwagger"))
    const context = yield* Layer.build(
      layer({ path: documentPaths.docs }).pipe(Layer.provideMerge(HttpApiBuilder.Router.Live))
    )
    const router = yield* Effect.flatMap(HttpApiBuilder.Router, ({ router }) => router).pipe(Effect.provide(context))
    return yield* HttpRouter.toHttpApp(router)
  })
)

/** The browser holds the page to it: nothing from elsewhere, and requests to this server only. */
const policy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; connect-src 'self'"

export const layer: Layer.Layer<never, never, Api> = HttpApiBuilder.Router.use((router) =>
  Effect.gen(function* () {
    const api = yield* Api
    const docs = yield* Effect.cached(Effect.provideService(reference, Api, api))
    yield* router.get(
      documentPaths.spec,
      Effect.sync(() => HttpServerResponse.text(specJson(), { contentType: "application/json" }))
    )
    yield* router.get(
      documentPaths.docs,
      Effect.map(Effect.orDie(Effect.flatten(docs)), HttpServerResponse.setHeader("content-security-policy", policy))
    )
  })
)
