/**
 * A conversation by the protocol's SDK. This file and its neighbours (`StdioConnection.ts`, `HttpConnection.ts`,
 * `ConnectionLibrary.ts`) are all that know the SDK; what leaves them is ours.
 *
 * Both eras of the protocol are spoken: the client asks for the revision of 2026 first and falls back to `initialize`.
 */
import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  type Transport
} from "@modelcontextprotocol/client"
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/client/validators/cf-worker"
import { version } from "@penstock/schema/api/Version"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Connection, ConnectionFailure, type FailureKind, type Listener } from "./Connection.ts"
import * as ConnectionLibrary from "./ConnectionLibrary.ts"

/** JSON-RPC's code for an answer that was dropped here because of its size. */
export const tooLargeCode = -32_099

/** Timers of the SDK's own are never to fire: time is Effect's. */
const never = 2_147_483_647

/** The innermost error that says why. */
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && error.cause !== error ? rootOf(error.cause) : error

const textOf = (error: unknown): string => {
  const word = error instanceof Error && "code" in error ? String(error.code) : ""
  const text = error instanceof Error ? error.message || word : String(error)
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}

const closedCodes: ReadonlySet<string> = new Set([
  SdkErrorCode.ConnectionClosed,
  SdkErrorCode.NotConnected,
  SdkErrorCode.SendFailed,
  SdkErrorCode.EraNegotiationFailed
])

/** The kind of what the SDK threw, by its class and code. */
export const failureOf = (error: unknown): ConnectionFailure => {
  const root = rootOf(error)
  if (root instanceof ConnectionFailure) return root
  if (error instanceof ConnectionFailure) return error
  const fail = (kind: FailureKind, message = textOf(error)) => new ConnectionFailure({ kind, message })
  if (error instanceof ProtocolError) return fail(error.code === tooLargeCode ? "too_large" : "protocol")
  if (error instanceof SdkHttpError) {
    const { status } = error
    const kind = status === 404 ? "session" : "protocol"
    return new ConnectionFailure({ kind, status, message: `HTTP ${status}: ${textOf(error)}` })
  }
  if (error instanceof SdkError) {
    if (error.code === SdkErrorCode.RequestTimeout) return fail("timeout")
    return fail(closedCodes.has(error.code) ? "closed" : "protocol")
  }
  // `fetch failed`: the cause has the system's word.
  if (error instanceof TypeError) return fail("closed", textOf(root))
  return fail("protocol")
}

const attempt = <A>(run: (signal: AbortSignal) => PromiseLike<A>): Effect.Effect<A, ConnectionFailure> =>
  Effect.tryPromise({ try: run, catch: failureOf })

/** Fails when nothing is heard for so long; `heard` begins the wait anew. */
const whileHeard = <A>(
  timeout: number,
  run: (heard: () => void) => Effect.Effect<A, ConnectionFailure>
): Effect.Effect<A, ConnectionFailure> =>
  Clock.clockWith((clock) => {
    let last = clock.unsafeCurrentTimeMillis()
    const silence: Effect.Effect<never, ConnectionFailure> = Effect.suspend(() => {
      const left = last + timeout - clock.unsafeCurrentTimeMillis()
      return left > 0
        ? Effect.zipRight(Effect.sleep(Duration.millis(left)), silence)
        : new ConnectionFailure({ kind: "timeout", message: `no answer and no progress within ${timeout} ms` })
    })
    return Effect.raceFirst(
      run(() => (last = clock.unsafeCurrentTimeMillis())),
      silence
    )
  })

const make = (client: Client): Connection => ({
  library: ConnectionLibrary.make(client, attempt, never),
  listTools: Effect.suspend(() =>
    client.getServerCapabilities()?.tools === undefined
      ? Effect.succeed([])
      : attempt((signal) => client.listTools(undefined, { signal, timeout: never, cacheMode: "refresh" })).pipe(
          Effect.map(({ tools }) => tools)
        )
  ),
  call: (tool, args, { onProgress, timeout, traceparent }) =>
    whileHeard(timeout, (heard) =>
      Effect.map(
        attempt((signal) =>
          client.callTool(
            {
              name: tool,
              arguments: { ...args },
              ...(traceparent === undefined ? {} : { _meta: { traceparent } })
            },
            {
              signal,
              timeout: never,
              onprogress: ({ message, progress, total }) => {
                heard()
                onProgress?.({ progress, total: total ?? null, message: message ?? null })
              }
            }
          )
        ),
        ({ content, isError, structuredContent }) => ({
          content,
          isError: isError === true,
          ...(structuredContent === undefined ? {} : { structuredContent })
        })
      )
    )
})

/**
 * Whether the revision of 2026 is asked for, and how many milliseconds the answer may take, or known to be of no use.
 * A process that says nothing in that time is taken for an old server; at an address, silence is a failure.
 */
export type Era = { readonly probe: number } | "legacy"

/** In a scope of its own: nothing of a failed attempt is left for the next. */
export const alone = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    return yield* Effect.onError(Scope.extend(effect, scope), (cause) => Scope.close(scope, Exit.failCause(cause)))
  })

/** Opens a conversation; the scope ends it. */
export const open = Effect.fnUntraced(function* (
  transport: Transport,
  listener: Listener,
  era: Era
): Effect.fn.Return<Connection, ConnectionFailure, Scope.Scope> {
  const client = new Client(
    { name: "penstock", version },
    {
      jsonSchemaValidator: new CfWorkerJsonSchemaValidator(),
      versionNegotiation: era === "legacy" ? { mode: "legacy" } : { mode: "auto", probe: { timeoutMs: era.probe } },
      listChanged: {
        tools: { autoRefresh: false, onChanged: () => listener.listChanged("tools") },
        resources: { autoRefresh: false, onChanged: () => listener.listChanged("resources") },
        prompts: { autoRefresh: false, onChanged: () => listener.listChanged("prompts") }
      }
    }
  )
  client.onclose = () => listener.lost("the connection was closed")
  yield* Effect.addFinalizer(() => Effect.ignore(attempt(() => client.close())))
  yield* attempt((signal) => client.connect(transport, { signal, timeout: never }))
  return make(client)
})
