/** `/v1/mcp/servers`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Access from "@penstock/gateway/mcp/Access"
import { toGatewayError } from "@penstock/gateway/mcp/McpError"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { ToolCalls } from "@penstock/gateway/tools/ToolCalls"
import { Settings } from "@penstock/gateway/Settings"
import { McpCall, NewMcpServer } from "@penstock/schema/api/McpApi"
import { CurrentCaller } from "@penstock/schema/api/Caller"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import type { McpToolResult } from "@penstock/schema/McpTool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as JsonBody from "./JsonBody.ts"
import { unreadable } from "./LedgerHandlers.ts"

/** Looked at before the rest: whether a program may be named does not depend on how well. */
const readAny = JsonBody.reader(Schema.Unknown)
const NamesCommand = Schema.is(Schema.Struct({ command: Schema.Unknown }))
const readCall = JsonBody.reader(McpCall)
const decodeServer = JsonBody.decoder(NewMcpServer)
const wantedServer = 'Send JSON: {"name": "docs", "url": "https://example.test/mcp"}.'

const commandsRefused = make(
  "forbidden",
  "Programs are not started for callers over HTTP. Add the server to `mcp.servers` in the configuration, or set " +
    "`mcp.allow_commands_over_http: true` there if everybody with the admin key may run programs on this machine.",
  { param: "command", code: "mcp_commands_not_allowed" }
)

/** What the shape alone does not tell. */
const checkWay = ({ args, command, cwd, env, headers, url }: NewMcpServer): GatewayError | null => {
  const wrong = (param: string, message: string) => make("invalid_request", `${param}: ${message}`, { param })
  if (url !== undefined && command !== undefined) return wrong("url", "Expected either a url or a command, found both")
  if (url === undefined && command === undefined)
    return wrong("url", 'It is missing: send {"name": "docs", "url": "https://…"}')
  if (command !== undefined) {
    return Object.keys(headers).length === 0 ? null : wrong("headers", "They belong to a url")
  }
  if (url !== undefined && !URL.canParse(url)) return wrong("url", "Expected an address, found one that cannot be read")
  const isBare = args.length === 0 && cwd === undefined && Object.keys(env).length === 0
  return isBare ? null : wrong("args", "args, env and cwd belong to a command")
}

/** Fails with `forbidden` where the caller's key does not reach. */
const mayUse = (server: string, tool?: string) =>
  Effect.flatMap(CurrentCaller, (caller) => {
    const refusal = Access.refusal(caller, server, tool)
    return refusal === null ? Effect.succeed(caller) : Effect.fail(refusal)
  })

const hubFailure = Effect.mapError(toGatewayError)

export const layer = HttpApiBuilder.group(PenstockApi, "mcp", (handlers) =>
  Effect.gen(function* () {
    const hub = yield* McpHub.McpHub
    const calls = yield* ToolCalls
    const ledger = yield* Ledger
    const settings = yield* Settings
    const options = (wanted: string): JsonBody.Options => ({ limit: settings.current().server.max_body, wanted })

    const add = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
      const body = yield* readAny(request, options(wantedServer))
      if (NamesCommand(body) && !settings.current().mcp.allow_commands_over_http) return yield* commandsRefused
      const server = yield* decodeServer(body, wantedServer)
      const wrong = checkWay(server)
      if (wrong !== null) return yield* wrong
      const { name, ...config } = server
      const report = yield* hubFailure(hub.add(name, config))
      return HttpServerResponse.unsafeJson(report, { status: 201 })
    })

    const call = Effect.fnUntraced(function* (
      server: string,
      tool: string,
      request: HttpServerRequest.HttpServerRequest
    ) {
      const caller = yield* mayUse(server, tool)
      const body = yield* readCall(request, { ...options('Send JSON: {"arguments": {…}}.'), empty: {} })
      const { result } = yield* Effect.catchTag(
        calls.call({ caller, server, tool, args: body.arguments }),
        "McpError",
        (error) => Effect.fail(toGatewayError(error))
      )
      return HttpServerResponse.unsafeJson(result satisfies McpToolResult)
    })

    return handlers
      .handle("servers", () =>
        Effect.map(CurrentCaller, (caller) => ({
          servers: hub.servers().filter(({ name }) => Access.mayUseServer(caller, name))
        }))
      )
      .handleRaw("add", ({ request }) => add(request))
      .handle("remove", ({ path: { name } }) => hubFailure(hub.remove(name)))
      .handle("tools", ({ path: { name } }) =>
        Effect.flatMap(mayUse(name), (caller) =>
          Effect.map(hubFailure(hub.tools(name)), (tools) => ({
            server: name,
            tools: Access.usable(caller, tools).map(({ description, inputSchema, tool }) => ({
              name: tool,
              description,
              input_schema: inputSchema
            }))
          }))
        )
      )
      .handle("calls", ({ urlParams }) => Effect.catchAll(ledger.toolCalls(urlParams), unreadable))
      .handleRaw("call", ({ path: { name, tool }, request }) => call(name, tool, request))
  })
)
