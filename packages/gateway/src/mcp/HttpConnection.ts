/**
 * A conversation with a server at an address: streamable HTTP, and where that is refused the two addresses of the
 * revision of 2024-11-05, a stream of events and where to post to.
 */
import {
  type FetchLike,
  SSEClientTransport,
  SseError,
  StreamableHTTPClientTransport
} from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Agent, fetch as undiciFetch } from "undici"
import { objectIn, parse } from "../wire/Json.ts"
import type { Guard } from "./AddressGuard.ts"
import * as ClientConnection from "./ClientConnection.ts"
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

const tooLarge = (maxMessage: number) =>
  new Connection.ConnectionFailure({ kind: "too_large", message: `an answer of more than ${maxMessage} bytes` })

/**
 * An SSE event or a whole body that is larger breaks off: with an answer that says so in its place, where it is known
 * what was asked.
 */
const bounded = (
  body: ReadableStream<Uint8Array>,
  maxMessage: number,
  request: unknown,
  isSse: boolean,
  onBroken: OnBroken
) => {
  let size = 0
  let last = 0
  const newline = 10
  const failure = tooLarge(maxMessage)
  const { id } = objectIn(request)
  const error = { jsonrpc: "2.0", id, error: { code: ClientConnection.tooLargeCode, message: failure.message } }
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
        if (!isSse || id === undefined) {
          onBroken(failure)
          return controller.error(failure)
        }
        controller.enqueue(new TextEncoder().encode(`\n\ndata: ${JSON.stringify(error)}\n\n`))
        return controller.terminate()
      }
    })
  )
}

/** Told when a stream was broken off because of something too large in it. */
type OnBroken = (failure: Connection.ConnectionFailure) => void

/** The address, headers and body of a request are the SDK's; how it is sent and how much is taken is ours. */
const fetchWith =
  (agent: Agent, { guard, maxMessage }: Options, onBroken: OnBroken = () => {}): FetchLike =>
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
    return new Response(bounded(response.body, maxMessage, parse(body ?? ""), isSse, onBroken), head)
  }

const requestInit = ({ headers }: Options) => ({
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)]))
})

/** The scope ends the session, too. */
const streamable = Effect.fnUntraced(function* (
  options: Options,
  agent: Agent
): Effect.fn.Return<Connection.Connection, Connection.ConnectionFailure, Scope.Scope> {
  const transport = new StreamableHTTPClientTransport(options.url, {
    requestInit: requestInit(options),
    fetch: fetchWith(agent, options)
  })
  const connection = yield* ClientConnection.open(transport, options.listener, { probe: options.probe })
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(
      // Interruptible in here, where the timeout is; the finalizer itself is not.
      Effect.interruptible(Effect.promise(() => transport.terminateSession().catch(() => {}))),
      farewellMillis
    )
  )
  return connection
})

/** The session is the stream: when that ends it is over, and is opened anew like any other that is lost. */
const legacy = (options: Options, agent: Agent) => {
  let broken: Connection.ConnectionFailure | null = null
  const fetch = fetchWith(agent, options, (failure) => (broken = failure))
  const transport = new SSEClientTransport(options.url, { requestInit: requestInit(options), fetch })
  transport.onerror = (error) => {
    // Left alone it would open another stream, to a session that nobody has greeted.
    if (error instanceof SseError) void transport.close()
  }
  return Effect.map(
    ClientConnection.open(transport, options.listener, "legacy"),
    (connection): Connection.Connection => ({
      ...connection,
      call: (tool, args, callOptions) =>
        Effect.mapError(connection.call(tool, args, callOptions), (failure) =>
          failure.kind === "closed" ? (broken ?? failure) : failure
        )
    })
  )
}

/** What a server of the old kind answers who posts to its stream: the specification names these. */
const refusesPosts: ReadonlySet<number | undefined> = new Set([400, 404, 405])

/** Opens a conversation; the scope ends it. */
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
  return yield* Effect.catchIf(
    ClientConnection.alone(streamable(options, agent)),
    ({ status }) => refusesPosts.has(status),
    // What the server said first is what its operator can do something about.
    (first) => Effect.mapError(ClientConnection.alone(legacy(options, agent)), () => first)
  )
})
