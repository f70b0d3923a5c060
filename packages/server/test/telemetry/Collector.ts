/** A server on loopback that keeps what it is sent. `failures`: the statuses that it answers with before all is well. */
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

export interface Received {
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
  readonly body: any
}

export const start = Effect.acquireRelease(
  Effect.async<{
    readonly server: Http.Server
    readonly url: string
    readonly received: Array<Received>
    readonly failures: Array<number>
  }>((resume) => {
    const received: Array<Received> = []
    const failures: Array<number> = []
    const server = Http.createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"))
        received.push({ path: request.url ?? "", headers: request.headers, body })
        response.writeHead(failures.shift() ?? 200, { "content-type": "application/json" }).end("{}")
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed({ server, url: `http://127.0.0.1:${port}`, received, failures }))
    })
  }),
  ({ server }) =>
    Effect.sync(() => {
      server.close()
      server.closeAllConnections()
    })
)

/** What spans and data points have in common. */
export interface Point {
  readonly attributes: Parameters<typeof attributesOf>[0]
}

/** OTLP's list of attributes as an object. */
export const attributesOf = (
  attributes: ReadonlyArray<{ readonly key: string; readonly value: Record<string, unknown> }>
): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]] as const))
