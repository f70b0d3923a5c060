/** MCP servers, as a person writes them. Whether one has a `command` or a `url` is checked beside the file's other rules. */
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "./Fields.ts"
import { Usd } from "./Limits.ts"
import { PositiveTimerMillis } from "./Units.ts"

const Secrets = Schema.Record({ key: Schema.NonEmptyString, value: Schema.Redacted(Schema.String) })

export const McpUrl = Schema.String.pipe(
  Schema.pattern(/^https?:\/\/[^\s/?#]+[^\s#]*$/, { description: "an http:// or https:// address" })
)

export const McpServerConfig = strictStruct({
  command: Schema.optional(Schema.NonEmptyString).annotations({ description: "A program that speaks MCP over stdio" }),
  args: optionalWith(Schema.Array(Schema.String), () => []).annotations({ description: "Its arguments" }),
  env: optionalWith(Secrets, () => ({})).annotations({
    description: "Its environment, beside PATH, HOME, LANG and TMPDIR: it gets nothing else of ours"
  }),
  cwd: Schema.optional(Schema.NonEmptyString).annotations({ description: "Folder that it runs in" }),
  url: Schema.optional(McpUrl).annotations({ description: "A server that speaks MCP over HTTP" }),
  headers: optionalWith(Secrets, () => ({})).annotations({ description: "Sent with each request to `url`" }),
  timeout: optionalWith(PositiveTimerMillis, () => 60_000).annotations({
    description: "For a start, and for a call between two signs of progress"
  }),
  tools: optionalWith(Schema.Array(Schema.NonEmptyString), () => ["*"]).annotations({
    description: "Which of its tools may be used; `*` stands for any characters"
  }),
  prefix: optionalWith(Schema.Literal("always", "conflict", "none"), () => "always" as const).annotations({
    description: "When a tool's name begins with the server's, as in files__read_file"
  }),
  cost_per_call: Schema.optional(Usd("leave it out where calls cost nothing")).annotations({
    description: "USD for each call that is answered: held in budgets and counted in costs"
  }),
  start: optionalWith(Schema.Literal("lazy", "eager"), () => "lazy" as const).annotations({
    description: "lazy: at first use; eager: with Penstock"
  })
})
export type McpServerConfig = typeof McpServerConfig.Type

/** Which servers and tools a key may use; `*` stands for any characters. */
export const McpAccess = strictStruct({
  servers: optionalWith(Schema.Array(Schema.NonEmptyString), () => ["*"]).annotations({
    description: "Names or patterns of the servers whose tools it may use"
  }),
  tools: optionalWith(Schema.Array(Schema.NonEmptyString), () => ["*"]).annotations({
    description: "Names or patterns of tools: as their server calls them (`read_*`), or of one server (`files__read_*`)"
  })
}).annotations({ identifier: "McpAccess" })
export type McpAccess = typeof McpAccess.Type

export const McpConfig = strictStruct({
  servers: optionalWith(Schema.Record({ key: Schema.String, value: McpServerConfig }), () => ({})).annotations({
    description: "The servers by name: each has a `command` or a `url`"
  }),
  max_turns: optionalWith(
    Schema.Int.pipe(Schema.between(1, 64, { description: "a number from 1 to 64" })),
    () => 8
  ).annotations({ description: "How often a model is asked for one answer, when it calls tools in between" }),
  defer: optionalWith(Schema.Literal("auto", "always", "never"), () => "auto" as const).annotations({
    description: "Whether a model searches tools instead of being given all of them; auto: from some 6000 tokens on"
  }),
  allow_commands_over_http: optionalWith(Schema.Boolean, () => false).annotations({
    description: "Lets the admin API start programs on this machine"
  }),
  allow_hosts: optionalWith(Schema.Array(Schema.NonEmptyString), () => []).annotations({
    description: "Hosts that a URL given over HTTP may lead to although their addresses are private"
  })
})
export type McpConfig = typeof McpConfig.Type

/** The name of a server: part of paths and of tools' names, so no `__` in it. */
export const mcpServerName = /^(?!.*__)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?$/
