/** `GET /openapi.json`, and `GET /docs`, a reference that loads nothing from elsewhere. */
import type { Api } from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Layer from "effect/Layer"
import { documentPaths } from "./Paths.ts"
import { specJson } from "./Spec.ts"

const layerSpec: Layer.Layer<never> = HttpApiBuilder.Router.use((router) =>
  router.get(documentPaths.spec, HttpServerResponse.text(specJson(), { contentType: "application/json" }))
)

/** Swagger UI's variant with its script inside the page. */
const layerReference: Layer.Layer<never, never, Api> = HttpApiSwagger.layer({ path: documentPaths.docs })

export const layer: Layer.Layer<never, never, Api> = Layer.merge(layerSpec, layerReference)
