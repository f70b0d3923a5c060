/**
 * The one listener: requests for models and those of MCP clients take the short way, everything else goes to the
 * control plane.
 *
 * It is bound before anything else is built: of two servers that are started on one port, the second ends before it has
 * touched the first one's ledger. Requests that arrive before the rest is ready wait for it.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Settings } from "@penstock/gateway/Settings"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import { listenFailure, type StartFailure } from "../config/ServeOptions.ts"
import type { DataPlane } from "../data/DataPlane.ts"

export interface Service {
  readonly address: HttpServer.HttpServer["address"]
  /**
   * Answers from now on: the first plane that takes a request, else the control plane. When the scope closes it stops accepting, lets running requests finish within the grace, and
   * interrupts what is left.
   */
  readonly serve: (
    planes: ReadonlyArray<DataPlane>,
    controlPlane: HttpApp.Default
  ) => Effect.Effect<void, never, Scope.Scope>
}

export class Listener extends Context.Tag("@penstock/server/http/Listener")<Listener, Service>() {}

/** A request line and its headers must be here within this time, or the connection is closed. */
const headersMillis = 30_000

type OnRequest = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

const make = Effect.gen(function* () {
  const settings = yield* Settings
  const { host, port } = settings.current().server
  const node = Http.createServer({
    noDelay: true,
    keepAliveTimeout: 65_000,
    headersTimeout: headersMillis,
    // Bodies may be slow: a client on a poor line sends images.
    requestTimeout: 300_000
  })
  const early: Array<Parameters<OnRequest>> = []
  let onRequest: OnRequest = (request, response) => {
    early.push([request, response])
  }
  node.on("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => onRequest(request, response))
  const { address } = yield* Effect.mapError(
    NodeHttpServer.make(() => node, { host, port }),
    ({ cause }) =>
      listenFailure(host, port, cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error")
  )

  const service: Service = {
    address,
    serve: (planes, controlPlane) =>
      Effect.gen(function* () {
        const control = yield* NodeHttpServer.makeHandler(controlPlane)
        yield* Effect.addFinalizer(() => drain(node, planes, settings.current().server.shutdown_grace))
        onRequest = (request, response) => {
          if (!planes.some((plane) => plane.accept(request, response))) control(request, response)
        }
        for (const [request, response] of early.splice(0)) onRequest(request, response)
      })
  }
  return service
})

const all = (planes: ReadonlyArray<DataPlane>, one: (plane: DataPlane) => Effect.Effect<void>) =>
  Effect.forEach(planes, one, { concurrency: "unbounded", discard: true })

const drain = (node: Http.Server, planes: ReadonlyArray<DataPlane>, graceMillis: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    node.close()
    node.closeIdleConnections()
    // A finalizer cannot be interrupted, and the waiting in it could not be given up.
    const drained = yield* Effect.timeoutOption(Effect.interruptible(all(planes, ({ idle }) => idle)), graceMillis)
    if (drained._tag === "None") {
      yield* Effect.logWarning(`Requests were still running after ${graceMillis} ms; they are interrupted`)
      yield* all(planes, ({ interruptAll }) => interruptAll)
    }
    node.closeAllConnections()
  })

export const layer: Layer.Layer<Listener, StartFailure, Settings> = Layer.scoped(Listener, make)
