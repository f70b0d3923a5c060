/**
 * `/mcp`: Penstock as an MCP server over streamable HTTP, in both eras. Callers of 2026-07-28 keep no session. Those of
 * the revisions until 2025-11-25 get one with `initialize`; who has none is served all the same, request by request.
 */
import {
  type AuthInfo,
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  legacyStatelessFallback,
  type McpServerFactory
} from "@modelcontextprotocol/server"
import { shutdown } from "@penstock/gateway/exchange/Call"
import { Keys, presentedKey } from "@penstock/gateway/keys/Keys"
import { Settings } from "@penstock/gateway/Settings"
import * as JsonEdit from "@penstock/gateway/wire/JsonEdit"
import type { Caller } from "@penstock/schema/api/Caller"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { DataPlane } from "../data/DataPlane.ts"
import * as RequestBody from "../data/RequestBody.ts"
import * as Running from "../data/Running.ts"
import * as BrowserGuard from "../http/BrowserGuard.ts"
import * as WebExchange from "../http/WebExchange.ts"
import * as Followers from "./Followers.ts"
import * as McpPath from "./McpPath.ts"
import * as Offering from "./Offering.ts"
import * as Protocol from "./Protocol.ts"
import * as Requests from "./Requests.ts"
import * as Sessions from "./Sessions.ts"

const maxSessions = 1_000
const sessionSilence = 30 * 60_000

const clientLeft = FiberId.none

/** An answer outside of any request of the protocol. */
const refusal = (status: number, code: number, message: string): Response =>
  Response.json(
    { jsonrpc: "2.0", error: { code, message }, id: null },
    { status, headers: status === 401 ? { "www-authenticate": 'Bearer realm="penstock"' } : {} }
  )

const ofError = ({ message, status }: GatewayError): Response => refusal(status, -32_000, message)

const unparsable = (message: string) => refusal(400, -32_700, message)

const unknownSession = () =>
  refusal(404, -32_001, "There is no such session: it has ended, or is another key's. Send `initialize` again.")

/** What the body says; a response where it cannot be read. */
const parse = (bytes: Buffer): { readonly json: unknown } | Response => {
  if (bytes.length === 0) return unparsable("The request has no body: send a JSON-RPC message.")
  if (JsonEdit.isDeeperThan(bytes, JsonEdit.maxDepth)) {
    return unparsable(`The JSON is nested deeper than ${JsonEdit.maxDepth} levels.`)
  }
  try {
    return { json: JSON.parse(bytes.toString("utf8")) }
  } catch (error) {
    return unparsable(`The body is not JSON: ${error instanceof Error ? error.message : "unreadable"}`)
  }
}

/** Answers in the scope; when it closes nothing of any conversation is left. */
export const make = Effect.gen(function* () {
  const keys = yield* Keys
  const settings = yield* Settings
  const offering = yield* Offering.fromContext
  const followers = yield* Followers.make(offering)
  const requests = yield* FiberSet.make<unknown, unknown>()
  const run = yield* Requests.runner(requests)
  const exchanges = yield* Running.make<never>()
  const serverOf = (caller: Caller) => Protocol.make({ offering, caller, run })
  const sessions = yield* Sessions.make({ serverOf, followers, limit: maxSessions, silence: sessionSilence })

  /** Whose request it is: what the SDK hands from a request to the server for it. */
  const callers = new WeakMap<AuthInfo, Caller>()
  const factory: McpServerFactory = ({ authInfo }) => {
    const caller = authInfo === undefined ? undefined : callers.get(authInfo)
    if (caller === undefined) throw new Error("a request without its caller")
    return serverOf(caller)
  }
  const modern = createMcpHandler(factory, { legacy: "reject" })
  const stateless = legacyStatelessFallback(factory)
  const unfollow = followers.add((kind) =>
    ({
      tools: modern.notify.toolsChanged,
      resources: modern.notify.resourcesChanged,
      prompts: modern.notify.promptsChanged
    })[kind]()
  )
  const close = Effect.zipRight(
    sessions.close,
    Effect.promise(() => modern.close())
  )
  yield* Effect.addFinalizer(() =>
    Effect.zipRight(
      close,
      Effect.sync(() => unfollow())
    )
  )

  const route = async (request: Request, parsedBody: unknown, caller: Caller): Promise<Response> => {
    const authInfo: AuthInfo = { token: "", clientId: caller.key ?? "", scopes: [] }
    callers.set(authInfo, caller)
    const options = { authInfo, ...(parsedBody === undefined ? {} : { parsedBody }) }
    if (!(await isLegacyRequest(request, parsedBody))) return modern.fetch(request, options)
    const id = request.headers.get("mcp-session-id")
    if (id !== null) return sessions.find(id, caller)?.handle(request, parsedBody) ?? unknownSession()
    if (isInitializeRequest(parsedBody)) return (await sessions.open(caller)).handle(request, parsedBody)
    return stateless(request, options)
  }

  const answerOf = Effect.fnUntraced(function* (request: IncomingMessage, signal: AbortSignal) {
    const { server } = settings.current()
    // The protocol has an origin checked even where there are keys.
    const foreign = BrowserGuard.foreign(request.headers, server)
    if (foreign !== null) return yield* foreign
    const caller = yield* keys.authenticate(presentedKey(request.headers))
    if (request.method !== "POST") {
      return yield* Effect.promise(() => route(WebExchange.toRequest(request, null, signal), undefined, caller))
    }
    const bytes = yield* RequestBody.read(request, server.max_body)
    const body = parse(bytes)
    if (body instanceof Response) return body
    return yield* Effect.promise(() => route(WebExchange.toRequest(request, bytes, signal), body.json, caller))
  })

  const exchange = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) =>
    answerOf(request, signal).pipe(
      Effect.catchAll((error) => Effect.succeed(ofError(error))),
      Effect.catchAllDefect((defect) =>
        Effect.as(
          Effect.logError("A request at /mcp failed", defect),
          refusal(500, -32_603, "Penstock failed; its log has the cause.")
        )
      ),
      Effect.flatMap((answer) => Effect.promise(() => WebExchange.send(answer, response)))
    )

  const plane: DataPlane = {
    accept: (request, response) => {
      if (!McpPath.isFor(request)) return false
      const abort = new AbortController()
      const fiber = exchanges.fork(exchange(request, response, abort.signal))
      response.once("close", () => {
        if (response.writableFinished) return
        abort.abort()
        fiber.unsafeInterruptAsFork(clientLeft)
      })
      return true
    },
    // Streams that only listen have no end of their own: they end when the last request is answered.
    idle: Effect.all([FiberSet.awaitEmpty(requests), close, exchanges.idle], { discard: true }),
    interruptAll: Effect.all([FiberSet.clear(requests), close, exchanges.interruptAll(shutdown)], { discard: true })
  }
  return plane
})
