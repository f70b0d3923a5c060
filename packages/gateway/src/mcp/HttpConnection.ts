/** A conversation with a server at an address (streamable HTTP). */
import { type FetchLike, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Agent, fetch as undiciFetch } from "undici"
import { objectIn, parse } from "../wire/Json.ts"
import type { Guard } from "./AddressGuard.ts"
import * as Connection from "./Connection.ts"

export interface Options {
  readonly url: URL
  readonly headers: { readonly [name: string]: Redacted.Redacted<string> }
  /** Null for an address that the configuration names. */
  readonly guard: Guard | null
  readonly listener: Connection.Listener
  /** Milliseconds that the server has to tell its revision. */
  readonly probe: number
  /** Bytes in one message, at most. */
  readonly maxMessage: number
}

const connectMillis = 5_000
/** How long a server may take to forget a session that we leave. */
const farewellMillis = 1_000

/** An SSE event or a whole body that is larger breaks off, with an answer that says so in its place. */
const bounded = (body: ReadableStream<Uint8Array>, maxMessage: number, request: unknown, isSse: boolean) => {
  let size = 0
  let last = 0
  const newline = 10
  const message = `an answer of more than ${maxMessage} bytes`
  const error = { jsonrpc: "2.0", id: objectIn(request)["id"], error: { code: Connection.tooLargeCode, message } }
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        for (const byte of isSse ? chunk : []) {
          size += 1
          // A blank line ends an event.
          if (byte === newline && last === newline) size = 0
          if (byte !== 13) last = byte
        }
        if (!isSse) size += chunk.length
        if (size <= maxMessage) return controller.enqueue(chunk)
        if (!isSse) return controller.error(new Connection.ConnectionFailure({ kind: "too_large", message }))
        controller.enqueue(new TextEncoder().encode(`\n\ndata: ${JSON.stringify(error)}\n\n`))
        return controller.terminate()
      }
    })
  )
}

/** The address, headers and body of a request are the SDK's; how it is sent and how much is taken is ours. */
const fetchWith =
  (agent: Agent, { guard, maxMessage }: Options): FetchLike =>
  async (input, init = {}) => {
    const url = new URL(input)
    guard?.admit(url)
    const body = typeof init.body === "string" ? init.body : null
    const response = await undiciFetch(url, {
      dispatcher: agent,
      method: init.method ?? "GET",
      headers: Object.fromEntries(new Headers(init.headers)),
      body,
      signal: init.signal ?? null,
      redirect: init.redirect ?? "follow"
    })
    const head = { status: response.status, statusText: response.statusText, headers: [...response.headers] }
    if (response.body === null) return new Response(null, head)
    const isSse = response.headers.get("content-type")?.startsWith("text/event-stream") === true
    return new Response(bounded(response.body, maxMessage, parse(body ?? ""), isSse), head)
  }

/** Opens a conversation; the scope ends it, and the session with it. */
export const open = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Connection.Connection, Connection.ConnectionFailure, Scope.Scope> {
  const agent = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new Agent({
          // How long a call may be silent is the hub's to say.
          headersTimeout: 0,
          bodyTimeout: 0,
          connect: { timeout: connectMillis, ...(options.guard === null ? {} : { lookup: options.guard.lookup }) }
        })
    ),
    (agent) => Effect.promise(() => agent.destroy())
  )
  const transport = new StreamableHTTPClientTransport(options.url, {
    requestInit: {
      headers: Object.fromEntries(Object.entries(options.headers).map(([name, value]) => [name, Redacted.value(value)]))
    },
    fetch: fetchWith(agent, options)
  })
  const connection = yield* Connection.open(transport, options.listener, { probe: options.probe })
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(
      // Interruptible in here, where the timeout is; the finalizer itself is not.
      Effect.interruptible(Effect.promise(() => transport.terminateSession().catch(() => {}))),
      farewellMillis
    )
  )
  return connection
})
