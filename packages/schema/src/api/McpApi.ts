/** MCP servers, their tools, and calls of them. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "../config/Fields.ts"
import { mcpServerName, McpServerConfig } from "../config/Mcp.ts"
import { McpServerReport, McpToolInfo, McpToolResult } from "../McpTool.ts"
import { ToolCallFilter, ToolCallPage } from "../ToolCallEntry.ts"
import * as ApiError from "./ApiError.ts"
import { AdminAuth, KeyAuth } from "./Authorization.ts"

export const McpServerList = Schema.Struct({ servers: Schema.Array(McpServerReport) }).annotations({
  identifier: "McpServerList"
})

/** What a call costs is the configuration's to say. */
const { cost_per_call: _, ...serverFields } = McpServerConfig.fields

/** Lasts as long as the process: what is to last longer stands in the configuration. */
export const NewMcpServer = strictStruct({
  name: Schema.String.pipe(
    Schema.pattern(mcpServerName, { message: () => "Expected 1 to 32 letters, digits, _ or -, without __" })
  ).annotations({ description: "1 to 32 letters, digits, _ or -, without __; unique" }),
  ...serverFields
}).annotations({ identifier: "NewMcpServer", description: "A `url` or, where that is allowed, a `command`" })
export type NewMcpServer = typeof NewMcpServer.Type

export const McpToolList = Schema.Struct({ server: Schema.String, tools: Schema.Array(McpToolInfo) }).annotations({
  identifier: "McpToolList"
})

export const McpCall = strictStruct({
  arguments: optionalWith(Schema.Record({ key: Schema.String, value: Schema.Unknown }), () => ({})).annotations({
    description: "What the tool's `input_schema` asks for"
  })
}).annotations({ identifier: "McpCall" })

/** A misspelt filter must not be taken for no filter. */
const ToolCallsQuery = ToolCallFilter.annotations({ parseOptions: { onExcessProperty: "error" } })

const byName = Schema.Struct({ name: Schema.String })

export const McpApi = HttpApiGroup.make("mcp")
  .add(
    HttpApiEndpoint.get("servers", "/v1/mcp/servers")
      .middleware(KeyAuth)
      .addSuccess(McpServerList)
      .annotate(OpenApi.Summary, "List MCP servers and how they are")
  )
  .add(
    HttpApiEndpoint.post("add", "/v1/mcp/servers")
      .middleware(AdminAuth)
      .setPayload(NewMcpServer)
      .addSuccess(McpServerReport, { status: 201 })
      .addError(ApiError.BadRequest)
      .addError(ApiError.Conflict)
      .addError(ApiError.TooLarge)
      .annotate(OpenApi.Summary, "Add an MCP server")
      .annotate(
        OpenApi.Description,
        "For as long as this process lives. A `command` is refused unless `mcp.allow_commands_over_http` is set, and so " +
          "is a URL that leads into a private network unless `mcp.allow_hosts` names its host. One that cannot be reached " +
          "now is added all the same, and tried again when it is needed."
      )
  )
  .add(
    HttpApiEndpoint.del("remove", "/v1/mcp/servers/:name")
      .middleware(AdminAuth)
      .setPath(byName)
      .addSuccess(HttpApiSchema.NoContent)
      .addError(ApiError.NotFound)
      .annotate(OpenApi.Summary, "Stop and remove an MCP server")
      .annotate(
        OpenApi.Description,
        "One of the configuration is there again after a restart, or when its entry changes."
      )
  )
  .add(
    HttpApiEndpoint.get("tools", "/v1/mcp/servers/:name/tools")
      .middleware(KeyAuth)
      .setPath(byName)
      .addSuccess(McpToolList)
      .addError(ApiError.Forbidden)
      .addError(ApiError.NotFound)
      .addError(ApiError.Unavailable)
      .annotate(OpenApi.Summary, "List a server's tools")
      .annotate(OpenApi.Description, "Starts the server if need be.")
  )
  .add(
    HttpApiEndpoint.post("call", "/v1/mcp/servers/:name/tools/:tool")
      .middleware(KeyAuth)
      .setPath(Schema.Struct({ name: Schema.String, tool: Schema.String }))
      .setPayload(McpCall)
      .addSuccess(McpToolResult)
      .addError(ApiError.BadRequest)
      .addError(ApiError.Forbidden)
      .addError(ApiError.NotFound)
      .addError(ApiError.TooLarge)
      .addError(ApiError.Unprocessable)
      .addError(ApiError.BadGateway)
      .addError(ApiError.Unavailable)
      .addError(ApiError.GatewayTimeout)
      .annotate(OpenApi.Summary, "Call a tool")
      .annotate(
        OpenApi.Description,
        "Arguments are checked before the call: 422 names each path that is wrong. A failure that the tool itself " +
          "reports is a 200 with `isError`."
      )
  )
  .add(
    HttpApiEndpoint.get("calls", "/v1/mcp/calls")
      .middleware(AdminAuth)
      .setUrlParams(ToolCallsQuery)
      .addSuccess(ToolCallPage)
      .addError(ApiError.BadRequest)
      .annotate(OpenApi.Summary, "List calls of tools, newest first")
      .annotate(
        OpenApi.Description,
        "Calls over this API, by workflows and in the course of answers: `request` selects those of one answer. In pages: " +
          "pass `next` as `cursor` for the next one. `GET /v1/requests/{id}` shows a request's turns and calls together."
      )
  )
  .addError(ApiError.Internal)
  .annotate(
    OpenApi.Description,
    "Tools are for every key, as far as its `mcp` allows; servers are added and removed by the admin"
  )
