/**
 * The MCP tools that a request names, as one of its `tools`, whatever the wire:
 * `{"type": "mcp", "server": "files", "allowed_tools": ["read_*"], "max_turns": 4}`. Pure.
 *
 * OpenAI has a tool of the same type that its own servers call, by its `server_url` or `connector_id`: that one is not
 * ours and goes to the provider as it is.
 */
import { type GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../protocols/InvalidRequest.ts"
import { optional, other } from "../protocols/WireSchema.ts"
import { isObject, type JsonObject, listIn } from "../wire/Json.ts"

/** Names all servers that the caller may use. */
export const everyServer = "*"

/** The most that a request may ask for, and the configuration allow. */
export const mostTurns = 64

const McpTool = Schema.Struct({
  type: Schema.Literal("mcp"),
  server: Schema.NonEmptyString.annotations({ description: "the name of an MCP server, or * for all" }),
  allowed_tools: optional(
    Schema.Array(Schema.NonEmptyString).annotations({ description: "an array of tools' names or patterns" })
  ),
  max_turns: optional(
    Schema.Int.pipe(Schema.between(1, mostTurns), Schema.annotations({ description: `1 to ${mostTurns}` }))
  )
}).annotations({ parseOptions: { onExcessProperty: "error" } })

const decode = Schema.decodeUnknownEither(Schema.Struct({ tools: Schema.Array(Schema.Union(McpTool, other(["mcp"]))) }))

/** Tools of one server. */
export interface Wanted {
  readonly server: string
  /** Names or patterns, as the server calls its tools; null for all. */
  readonly tools: ReadonlyArray<string> | null
  /** The request's field that names it, for errors. */
  readonly param: string
}

export interface McpSelection {
  readonly wanted: ReadonlyArray<Wanted>
  /** How often the model may be asked; null where the request does not say. */
  readonly maxTurns: number | null
  /** The request without these tools. */
  readonly json: JsonObject
}

const isOurs = (tool: unknown): boolean =>
  isObject(tool) &&
  tool["type"] === "mcp" &&
  tool["server_url"] === undefined &&
  tool["server_label"] === undefined &&
  tool["connector_id"] === undefined

/** Whether a request names MCP tools of ours. Asked for every request. */
export const isMade = (json: JsonObject): boolean => json["tools"] !== undefined && listIn(json["tools"]).some(isOurs)

/** Fails with `invalid_request`, naming the field at fault. */
export const read = (json: JsonObject): Either.Either<McpSelection, GatewayError> => {
  const tools = listIn(json["tools"])
  const checked = { tools: tools.map((tool) => (isOurs(tool) ? tool : { type: "other" })) }
  return Either.mapBoth(decode(checked), {
    onLeft: InvalidRequest.fromParseError,
    onRight: (wire) => {
      const mine = wire.tools.flatMap((tool, index) => (tool.type === "mcp" ? [{ ...tool, index }] : []))
      const limits = mine.flatMap(({ max_turns }) => (max_turns === undefined ? [] : [max_turns]))
      const { tools: _, ...rest } = json
      const others = tools.filter((tool) => !isOurs(tool))
      return {
        wanted: mine.map(({ allowed_tools, index, server }) => ({
          server,
          tools: allowed_tools ?? null,
          param: `tools.${index}`
        })),
        maxTurns: limits.length === 0 ? null : Math.min(...limits),
        json: others.length === 0 ? rest : { ...rest, tools: others }
      }
    }
  })
}
