/** Servers over HTTP, of both lines of the SDK, on loopback. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { toNodeHandler } from "@modelcontextprotocol/node"
import { McpServer as OldServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { createMcpHandler, McpServer as NewServer } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as z from "zod"

export interface HttpServer {
  readonly url: string
  readonly requests: ReadonlyArray<{ readonly method: string; readonly headers: http.IncomingHttpHeaders }>
  /** Forgets every session, as a restart does. */
  readonly forget: () => void
}

type Handle = (request: http.IncomingMessage, response: http.ServerResponse) => void

const listen = (handle: Handle, forget: () => void) =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: http.Server; readonly seen: HttpServer }>((resume) => {
      const requests: Array<HttpServer["requests"][number]> = []
      const server = http.createServer((request, response) => {
        requests.push({ method: request.method ?? "", headers: request.headers })
        handle(request, response)
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ server, seen: { url: `http://127.0.0.1:${port}/mcp`, requests, forget } }))
      })
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map(({ seen }) => seen))

const said = (text: string) => ({ content: [{ type: "text" as const, text }] })

/** The revisions until 2025-11-25, with sessions. */
export const old = Effect.suspend(() => {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  let count = 0
  const open = async () => {
    const server = new OldServer({ name: "old", version: "1.0.0" })
    server.registerTool("echo", { inputSchema: { said: z.string() } }, (args) => said(String(args.said)))
    server.registerTool("large", { inputSchema: { bytes: z.number() } }, ({ bytes }) => said("x".repeat(Number(bytes))))
    server.registerTool("trace", {}, ({ _meta }) => said(String(_meta?.["traceparent"])))
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => `session-${++count}`,
      onsessioninitialized: (id) => void sessions.set(id, transport)
    })
    await server.connect(transport as Parameters<typeof server.connect>[0])
    return transport
  }
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const id = request.headers["mcp-session-id"]
    const known = typeof id === "string" ? sessions.get(id) : await open()
    if (known !== undefined) return known.handleRequest(request, response)
    response.writeHead(404, { "content-type": "application/json" })
    return response.end(`{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}`)
  }
  return listen(
    (request, response) => void handle(request, response),
    () => sessions.clear()
  )
})

/** The revision of 2024-11-05: a stream of events, and another address to post to. Posts to the stream are refused. */
export const legacy = (refusal: number) =>
  Effect.suspend(() => {
    const sessions = new Map<string, SSEServerTransport>()
    const open = async (response: http.ServerResponse) => {
      const server = new OldServer({ name: "legacy", version: "1.0.0" })
      server.registerTool("echo", { inputSchema: { said: z.string() } }, (args) => said(String(args.said)))
      server.registerTool("large", { inputSchema: { bytes: z.number() } }, ({ bytes }) =>
        said("x".repeat(Number(bytes)))
      )
      server.registerTool("hang", { inputSchema: {} }, () => new Promise(() => {}))
      const transport = new SSEServerTransport("/messages", response)
      sessions.set(transport.sessionId, transport)
      await server.connect(transport as Parameters<typeof server.connect>[0])
    }
    const handle = (request: http.IncomingMessage, response: http.ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost")
      const session = sessions.get(searchParams.get("sessionId") ?? "")
      if (request.method === "GET") return void open(response)
      if (pathname === "/messages" && session !== undefined) return void session.handlePostMessage(request, response)
      return response.writeHead(refusal).end("no such thing")
    }
    const forget = () => {
      for (const session of sessions.values()) void session.close()
      sessions.clear()
    }
    return listen(handle, forget)
  })

/** The revision of 2026-07-28, and no other. */
export const modern = Effect.suspend(() => {
  const handler = createMcpHandler(
    () => {
      const server = new NewServer({ name: "modern", version: "1.0.0" })
      server.registerTool("echo", { inputSchema: z.object({ said: z.string() }) }, (args) => said(args.said))
      const large = z.object({ bytes: z.number() })
      server.registerTool("large", { inputSchema: large }, ({ bytes }) => said("x".repeat(bytes)))
      return server
    },
    { legacy: "reject" }
  )
  const handle = toNodeHandler(handler)
  return listen(
    (request, response) => void handle(request as Parameters<typeof handle>[0], response),
    () => {}
  )
})

/** Knows nothing of the protocol. */
export const silent = Effect.suspend(() =>
  listen(
    (_request, response) => void response.writeHead(404).end("nothing here"),
    () => {}
  )
)
