import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import * as Http from "@penstock/workflow/runtime/Http"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as http from "node:http"
import type { AddressInfo } from "node:net"

/** A server on loopback that may be reached, and the paths that it was asked for. */
const server = Effect.acquireRelease(
  Effect.async<{ readonly host: string; readonly asked: Array<string>; readonly close: () => void }>((resume) => {
    const asked: Array<string> = []
    const listening = http.createServer((request, response) => {
      asked.push(request.url ?? "")
      if (request.url === "/redirect") response.writeHead(302, { location: "/secret" }).end()
      else if (request.url === "/endless") {
        const more = (): void => {
          while (!response.destroyed && response.write("x".repeat(65_536)));
          if (!response.destroyed) response.once("drain", more)
        }
        more()
      } else if (request.url === "/cut") {
        response.writeHead(200, { "content-length": "100" })
        response.write("half")
        setImmediate(() => response.destroy())
      } else response.writeHead(204).end()
    })
    listening.listen(0, "127.0.0.1", () => {
      const host = `127.0.0.1:${(listening.address() as AddressInfo).port}`
      const close = () => {
        listening.closeAllConnections()
        listening.close()
      }
      resume(Effect.succeed({ host, asked, close }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const send = (host: string, path: string, headers: Record<string, string> = {}) =>
  Effect.flatMap(Http.Http, (client) =>
    client.send({ method: "GET", url: `http://${host}${path}`, headers, body: null })
  ).pipe(
    Effect.provide(
      Http.layer({ allows: (name) => name === host, names: [host] }).pipe(Layer.provide(FetchHttpClient.layer))
    )
  )

it.scopedLive("a redirect is not followed, even by a client that would", () =>
  Effect.gen(function* () {
    const { asked, host } = yield* server
    const { headers, status } = yield* send(host, "/redirect")
    assert.deepStrictEqual([status, headers["location"], asked], [302, "/secret", ["/redirect"]])
  })
)

it.scopedLive("an answer without end is not read to its end", () =>
  Effect.gen(function* () {
    const { host } = yield* server
    const { message, reason } = yield* Effect.flip(send(host, "/endless"))
    assert.deepStrictEqual([reason, message], ["invalid_request", `${host} answered with more than 8388608 bytes`])
  })
)

it.scopedLive("an answer that is cut is a failure of the network, and one without a body is none", () =>
  Effect.gen(function* () {
    const { host } = yield* server
    assert.strictEqual((yield* Effect.flip(send(host, "/cut"))).reason, "network")
    assert.deepInclude(yield* send(host, "/none"), { status: 204, body: "" })
  })
)

it.scopedLive("a header that is none is told and does not end the program", () =>
  Effect.gen(function* () {
    const { host } = yield* server
    assert.strictEqual((yield* Effect.flip(send(host, "/none", { "x y": "a\nb" }))).reason, "network")
  })
)
