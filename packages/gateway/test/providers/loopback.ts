/** Real servers on loopback that do what providers do, and what they should not. */
import { it } from "@effect/vitest"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import type { Receiver, TransportRequest } from "@penstock/gateway/providers/Transport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net"

export const post = (path = "/chat", body: string | null = '{"a":1}'): TransportRequest => ({
  method: "POST",
  path,
  headers: { "content-type": "application/json", "x-key": "k" },
  body
})

/** A server on loopback for the length of a scope; gives its address. */
export const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
      )
    }),
    () => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

interface Connections {
  readonly all: Array<Socket>
}

export const http = (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.gen(function* () {
    const all: Array<Socket> = []
    const server = createHttpServer(answer)
    server.on("connection", (socket) => all.push(socket))
    const url = yield* listening(server)
    yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
    return { url, all } satisfies Connections & { url: string }
  })

/** A server that does as it likes with a connection once the request is there. */
export const tcp = (answer: (socket: Socket) => void) =>
  Effect.gen(function* () {
    const all: Array<Socket> = []
    const server = createTcpServer((socket) => {
      all.push(socket)
      // A connection that is reset is what is tested.
      socket.on("error", () => {})
      socket.once("data", () => answer(socket))
    })
    const url = yield* listening(server)
    yield* Effect.addFinalizer(() => Effect.sync(() => all.forEach((socket) => socket.destroy())))
    return url
  })

export const transportTo = (url: string) => Effect.map(HttpTransport.HttpTransport, ({ to }) => to(url))

/** Completes with what the callback is given. */
export const signal = <A>() => {
  const deferred = Deferred.unsafeMake<A>(undefined as never)
  return { wait: Deferred.await(deferred), give: (value: A) => Deferred.unsafeDone(deferred, Effect.succeed(value)) }
}

/** Turns of the event loop, in which sockets that can deliver do. */
export const turns = (count: number) =>
  Effect.repeatN(
    Effect.async<void>((next) => void setImmediate(() => next(Effect.void))),
    count
  )

export const ignore: Receiver = { onHead: () => {}, onChunk: () => "more" }

/** A real connection: nothing here may wait on a clock that stands still. */
export const test = (name: string, effect: Effect.Effect<void, unknown, HttpTransport.HttpTransport | Scope>) =>
  it.scopedLive(name, () => Effect.provide(effect, HttpTransport.layer))
