/** A server that is a function: always ready, its arguments checked like those of a real one; without a library. */
import * as Effect from "effect/Effect"
import type { JsonObject } from "../wire/Json.ts"
import type { Library } from "./Library.ts"
import { McpError } from "./McpError.ts"
import { type CallOptions, checked, type McpServer, unknownTool } from "./McpServer.ts"
import * as Tool from "./Tool.ts"

export interface Behaviour {
  readonly tools: ReadonlyArray<Tool.ListedTool>
  readonly call: (tool: string, args: JsonObject, options: CallOptions) => Effect.Effect<Tool.ToolResult, McpError>
}

const nothing = (name: string) => () =>
  new McpError({ reason: "protocol", server: name, message: `The MCP server ${name} offers tools alone.` })

const emptyLibrary = (name: string): Library<McpError> => ({
  resources: Effect.succeed([]),
  templates: Effect.succeed([]),
  prompts: Effect.succeed([]),
  read: nothing(name),
  prompt: nothing(name),
  complete: nothing(name)
})

export const make = (name: string, { call, tools }: Behaviour): McpServer => {
  const selection = Tool.select(tools, ["*"])
  return {
    name,
    prefix: "always",
    report: () => ({ name, status: "ready", tools: selection.tools.length }),
    tools: Effect.succeed(selection.tools),
    library: emptyLibrary(name),
    call: (tool, args, options) => {
      const found = selection.tools.find((each) => each.name === tool)
      return found === undefined
        ? unknownTool(
            name,
            tool,
            selection.tools.map((each) => each.name)
          )
        : Effect.zipRight(checked(name, found, args), call(tool, args, options))
    }
  }
}
