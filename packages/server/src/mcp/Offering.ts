/** What Penstock offers as an MCP server: the tools, resources and prompts of all its servers, and its workflows as tools. */
import type * as McpError from "@penstock/gateway/mcp/McpError"
import type { Library, ListKind } from "@penstock/gateway/mcp/Library"
import type { Service as Hub } from "@penstock/gateway/mcp/McpHub"
import * as ResourceUri from "@penstock/gateway/mcp/ResourceUri"
import type { ListedTool } from "@penstock/gateway/mcp/Tool"
import { isObject } from "@penstock/gateway/wire/Json"
import type { McpToolResult } from "@penstock/schema/McpTool"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Sources } from "../workflows/Starting.ts"
import * as WorkflowTools from "./WorkflowTools.ts"

export interface Offering {
  readonly tools: Effect.Effect<ReadonlyArray<ListedTool>>
  /** Fails with `unknown_tool`; whatever else goes wrong is a result for the model to read. */
  readonly call: (
    name: string,
    args: { readonly [key: string]: unknown },
    options: WorkflowTools.CallOptions
  ) => Effect.Effect<McpToolResult, McpError.McpError>
  readonly library: Library<McpError.McpError>
  /** From now on: lists that may have changed. */
  readonly changes: Effect.Effect<Queue.Dequeue<ListKind>, never, Scope.Scope>
}

/** How soon a workflow that came or went is told. */
const followEvery = "2 seconds"

/** A failure that the model may mend, or has to live with. */
const failed = (message: string): McpToolResult => ({ content: [{ type: "text", text: message }], isError: true })

/**
 * The schema in the server's own words, which may say more than what every provider takes; and no offer to run the tool
 * as a task, which the hub does not do.
 */
const offered = (name: string, listed: ListedTool, inputSchema: unknown): ListedTool => ({
  ...listed,
  name,
  execution: undefined,
  inputSchema:
    isObject(listed.inputSchema) && listed.inputSchema["type"] === "object" ? listed.inputSchema : inputSchema
})

/** Follows the servers and the workflows while the scope is open. */
export const make = Effect.fnUntraced(function* (
  hub: Hub,
  sources: Sources
): Effect.fn.Return<Offering, never, Scope.Scope> {
  const changes = yield* PubSub.sliding<ListKind>(64)
  const ofHub = yield* hub.listChanges
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(ofHub), (kind) => PubSub.publish(changes, kind))))

  let known = yield* WorkflowTools.fingerprint(sources.workflows)
  const follow = Effect.gen(function* () {
    const now = yield* WorkflowTools.fingerprint(sources.workflows)
    if (now === known) return
    known = now
    yield* PubSub.publish(changes, "tools" as const)
  })
  yield* Effect.forkScoped(Effect.forever(Effect.delay(follow, followEvery)))

  const callHub = Effect.fnUntraced(function* (
    name: string,
    args: { readonly [key: string]: unknown },
    { onProgress }: WorkflowTools.CallOptions
  ) {
    const { prefix, server, tool } = yield* hub.find(name)
    const result = yield* hub.call(server, tool, args, { onProgress })
    const rename = (uri: string) => ResourceUri.marked(server, prefix, uri)
    return { ...result, content: result.content.map((content) => ResourceUri.inContent(content, rename)) }
  })

  return {
    library: hub.library,
    changes: PubSub.subscribe(changes),
    tools: Effect.zipWith(
      WorkflowTools.list(sources.workflows),
      Effect.orElseSucceed(hub.tools(), () => []),
      (workflows, tools) => [
        ...tools.map(({ inputSchema, listed, name }) => offered(name, listed, inputSchema)),
        ...workflows
      ],
      { concurrent: true }
    ),
    call: (name, args, options) =>
      Effect.flatMap(WorkflowTools.find(sources.workflows, name), (workflow) =>
        workflow === null
          ? Effect.catchIf(
              callHub(name, args, options),
              ({ reason }) => reason !== "unknown_tool",
              ({ message }) => Effect.succeed(failed(message))
            )
          : WorkflowTools.run(sources, workflow, args, options)
      )
  }
})
