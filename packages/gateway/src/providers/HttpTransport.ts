/** Transport over HTTP: one undici pool per origin, shared by all providers behind it. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { errors, Pool, type Dispatcher } from "undici"
import type { Receiver, Transport, TransportRequest } from "./Transport.ts"

export interface Service {
  /** The transport to a base URL. The pool behind it is opened at first use and lives as long as the layer. */
  readonly to: (baseUrl: string) => Transport
}

export class HttpTransport extends Context.Tag("@penstock/gateway/providers/HttpTransport")<HttpTransport, Service>() {}

/** Kept below the five seconds after which Node servers close an idle connection, so that no request meets its end. */
const idleConnectionMillis = 4_000
/** A bound for connections that nobody waits for any more: how long a request waits for one is its policy's. */
const connectMillis = 60_000
/** A connection is kept for the next request when the rest of a whole answer arrives within this time. */
const lingerMillis = 1_000
/** How long an answer may take is a policy, and not the pool's. */
const unlimited = 0

class Aborted extends Error {}
const aborted = new Aborted("the exchange was interrupted")

/** The system's own word for what went wrong (`ECONNREFUSED`), for the message only. */
const wordFor = (error: Error): string =>
  "code" in error && typeof error.code === "string" && error.code !== "" ? error.code : error.message

const failure = (error: Error, address: string, connected: boolean): GatewayError.GatewayError => {
  if (connected) return GatewayError.make("network", `the connection to ${address} broke (${wordFor(error)})`)
  // A key with a line break in it, or such a header: undici names the header and not its value.
  return error instanceof errors.InvalidArgumentError
    ? GatewayError.make("not_configured", `The request to ${address} cannot be sent: ${error.message}.`)
    : GatewayError.make("unreachable", `no connection to ${address} (${wordFor(error)})`)
}

const exchange = (pool: Pool, address: string, basePath: string) => (request: TransportRequest, receiver: Receiver) =>
  Effect.async<void, GatewayError.GatewayError>((resume) => {
    let controller: Dispatcher.DispatchController | null = null
    let interrupted = false
    let enough: NodeJS.Timeout | null = null
    const options: Dispatcher.DispatchOptions = {
      method: request.method,
      path: basePath + request.path,
      headers: request.headers,
      body: request.body
    }
    receiver.onStart?.((why) => {
      if (interrupted || enough !== null) return
      interrupted = true
      resume(Effect.fail(why))
      controller?.abort(aborted)
    })
    /** undici would take what a receiver throws for a broken connection; it is a bug of ours, and told as one. */
    const guarded = <A>(current: Dispatcher.DispatchController, whenBroken: A, receive: () => A): A => {
      try {
        return receive()
      } catch (defect) {
        interrupted = true
        resume(Effect.die(defect))
        current.abort(aborted)
        return whenBroken
      }
    }
    pool.dispatch(options, {
      // Called when a connection is there: a failure before it means that nobody was reached.
      onRequestStart: (started) => {
        controller = started
        if (interrupted) started.abort(aborted)
        else receiver.onConnect?.()
      },
      onResponseStart: (current, status, headers) => {
        // Informational answers (103) come before the real head.
        if (status < 200) return
        guarded(current, undefined, () => receiver.onHead(status, headers, () => current.resume()))
      },
      onResponseData: (current, chunk) => {
        if (enough !== null) return
        const next = guarded(current, "more", () => receiver.onChunk(chunk))
        if (next === "pause") current.pause()
        else if (next === "enough") {
          enough = setTimeout(() => current.abort(aborted), lingerMillis)
          resume(Effect.void)
        }
      },
      onResponseEnd: () => {
        if (enough === null) resume(Effect.void)
        else clearTimeout(enough)
      },
      onResponseError: (_, error) => {
        if (enough !== null) clearTimeout(enough)
        if (interrupted || enough !== null) return
        resume(Effect.fail(failure(error, address, controller !== null)))
      }
    })
    if (receiver.onStart !== undefined) return
    return Effect.sync(() => {
      interrupted = true
      controller?.abort(aborted)
    })
  })

const make = Effect.gen(function* () {
  const pools = new Map<string, Pool>()
  // Destroyed, not closed: whoever shuts down has already waited for the requests that it wanted to finish.
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => Promise.all([...pools.values()].map((pool) => pool.destroy()))).pipe(Effect.asVoid)
  )
  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin)
    if (known !== undefined) return known
    const pool = new Pool(origin, {
      connections: null,
      pipelining: 1,
      keepAliveTimeout: idleConnectionMillis,
      headersTimeout: unlimited,
      bodyTimeout: unlimited,
      connect: { timeout: connectMillis, noDelay: true }
    })
    pools.set(origin, pool)
    return pool
  }
  const service: Service = {
    to: (baseUrl) => {
      const url = new URL(baseUrl)
      const basePath = url.pathname.replace(/\/+$/, "")
      const address = url.origin + basePath
      return {
        stops: true,
        exchange: (request, receiver) => exchange(poolOf(url.origin), address, basePath)(request, receiver)
      }
    }
  }
  return service
})

export const layer: Layer.Layer<HttpTransport> = Layer.scoped(HttpTransport, make)
