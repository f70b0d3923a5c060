/**
 * The one listener: requests for models take the short way, everything else goes to the control plane. On shutdown it
 * stops accepting, lets running requests finish within the grace, and interrupts what is left.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import { Settings } from "@penstock/gateway/Settings"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { DataPlane } from "../data/DataPlane.ts"

/** A request line and its headers must be here within this time, or the connection is closed. */
const headersMillis = 30_000

const createServer = (): Http.Server =>
  Http.createServer({
    noDelay: true,
    keepAliveTimeout: 65_000,
    headersTimeout: headersMillis,
    // Bodies may be slow: a client on a poor line sends images.
    requestTimeout: 300_000
  })

export const make = (
  dataPlane: DataPlane,
  controlPlane: HttpApp.Default
): Effect.Effect<HttpServer.HttpServer, ServeError, Settings | Scope.Scope> =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const { host, port } = settings.current().server
    const node = createServer()
    const control = yield* NodeHttpServer.makeHandler(controlPlane)
    node.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
      if (!dataPlane.accept(request, response)) control(request, response)
    })
    const server = yield* NodeHttpServer.make(() => node, { host, port })
    yield* Effect.addFinalizer(() => drain(node, dataPlane, settings.current().server.shutdown_grace))
    return server
  })

const drain = (node: Http.Server, dataPlane: DataPlane, graceMillis: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    node.close()
    node.closeIdleConnections()
    const drained = yield* Effect.timeoutOption(dataPlane.idle, graceMillis)
    if (drained._tag === "None") {
      yield* Effect.logWarning(`Requests were still running after ${graceMillis} ms; they are interrupted`)
      yield* dataPlane.interruptAll
    }
    node.closeAllConnections()
  })
