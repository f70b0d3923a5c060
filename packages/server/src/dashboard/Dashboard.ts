/**
 * `GET /dashboard`: a page, and the API does the rest. Whatever follows the path is the page's own business, but for its
 * assets. The browser is told to run nothing that is not a file of this server.
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { make } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { documentPaths } from "../control/Paths.ts"
import * as Site from "./Site.ts"

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

const response = ({ bytes, contentType }: Site.Asset, cacheControl: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.uint8Array(bytes, {
    contentType,
    headers: {
      "cache-control": cacheControl,
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff"
    }
  })

const notBuilt = make("not_found", "The dashboard was not built. Run `npm run build`, then load this page again.")

const assets = `${documentPaths.dashboard}/assets/` as const

export const layer: Layer.Layer<never> = HttpApiBuilder.Router.use((router) =>
  Effect.gen(function* () {
    const [found, forget] = yield* Effect.cachedInvalidateWithTTL(Site.read, "365 days")
    // What failed is tried again: it may have been built meanwhile.
    const site = found.pipe(
      Effect.tapError(() => forget),
      Effect.mapError(() => notBuilt)
    )
    const page = Effect.map(site, ({ page }) => response(page, "no-cache"))
    const asset = Effect.gen(function* () {
      const { assets: known } = yield* site
      const { url } = yield* HttpServerRequest.HttpServerRequest
      const name = url.slice(assets.length).split(/[?#]/, 1)[0] ?? ""
      const wanted = known.get(name)
      if (wanted === undefined) return yield* make("not_found", `The dashboard has no file ${name.slice(0, 100)}.`)
      return response(wanted, "public, max-age=31536000, immutable")
    })
    yield* router.get(documentPaths.dashboard, page)
    yield* router.get(`${assets}*`, asset)
    yield* router.get(`${documentPaths.dashboard}/*`, page)
  })
).pipe(Layer.provide(NodeFileSystem.layer))
