/** The tools that steps and agents call: a port, behind which are MCP servers. */
import type { Caller } from "@penstock/schema/api/Caller"
import type { NanoDollars } from "@penstock/schema/Money"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { JsonSchema } from "../types/Shape.ts"
import type { Asker } from "./Asker.ts"
import type { Reason } from "./StepError.ts"

export interface ToolResult {
  readonly content: ReadonlyArray<{ readonly type: string; readonly text?: string }>
  readonly structuredContent?: unknown
  readonly isError: boolean
  /** Absent where the tool has no price. */
  readonly cost?: NanoDollars
}

export interface ToolDescription {
  readonly name: string
  readonly description: string | null
  readonly inputSchema: JsonSchema
}

/** There is no answer: the server could not be reached, knows no such tool, or may not be asked. */
export class ToolFailure extends Data.TaggedError("ToolFailure")<{
  readonly reason: Reason
  readonly message: string
}> {}

export interface CallOptions {
  /** Calls with the same key are one call, where the server knows of it. */
  readonly idempotencyKey?: string
}

export interface Service {
  readonly call: (
    server: string,
    tool: string,
    args: unknown,
    asker: Asker,
    options?: CallOptions
  ) => Effect.Effect<ToolResult, ToolFailure>
  /** Those that the caller may use; null for all. */
  readonly list: (server: string, caller: Caller | null) => Effect.Effect<ReadonlyArray<ToolDescription>, ToolFailure>
}

export class Tools extends Context.Tag("@penstock/workflow/runtime/Tools")<Tools, Service>() {}

export interface MemoryTool extends ToolDescription {
  readonly call: (args: unknown) => Effect.Effect<ToolResult, ToolFailure>
}

const unknown = (what: string) => new ToolFailure({ reason: "invalid_request", message: `there is no ${what}` })

/** Servers that are functions of this program. */
export const layerMemory = (
  servers: { readonly [server: string]: ReadonlyArray<MemoryTool> } = {}
): Layer.Layer<Tools> =>
  Layer.succeed(Tools, {
    call: (server, tool, args) =>
      servers[server]?.find(({ name }) => name === tool)?.call(args) ??
      Effect.fail(unknown(`tool "${tool}" at the server "${server}"`)),
    list: (server) => {
      const tools = servers[server]
      return tools === undefined ? Effect.fail(unknown(`server "${server}"`)) : Effect.succeed(tools)
    }
  })

/** What a tool's answer is to a step: its structure, else its text, else its parts. */
export const outputOf = ({ content, structuredContent }: ToolResult): unknown => {
  if (structuredContent !== undefined) return structuredContent
  const texts = content.flatMap(({ text, type }) => (type === "text" && text !== undefined ? [text] : []))
  return texts.length === content.length ? texts.join("\n") : content
}
