/**
 * What Penstock offers as an MCP server: the tools, resources and prompts of all servers that the caller's key reaches,
 * and the workflows as tools.
 */
import * as Access from "@penstock/gateway/mcp/Access"
import type * as McpError from "@penstock/gateway/mcp/McpError"
import type { Library, ListKind } from "@penstock/gateway/mcp/Library"
import { McpHub, type Service as Hub } from "@penstock/gateway/mcp/McpHub"
import * as ResourceUri from "@penstock/gateway/mcp/ResourceUri"
import type { ListedTool } from "@penstock/gateway/mcp/Tool"
import { type Service as Calls, ToolCalls } from "@penstock/gateway/tools/ToolCalls"
import { isObject } from "@penstock/gateway/wire/Json"
import type { Caller } from "@penstock/schema/api/Caller"
import type { McpToolResult } from "@penstock/schema/McpTool"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Sources } from "../workflows/Starting.ts"
import * as WorkflowTools from "./WorkflowTools.ts"

export interface Offering {
  readonly tools: (caller: Caller) => Effect.Effect<ReadonlyArray<ListedTool>>
  /** Fails with `unknown_tool`; whatever else goes wrong is a result for the model to read. */
  readonly call: (
    name: string,
    args: { readonly [key: string]: unknown },
    options: WorkflowTools.CallOptions
  ) => Effect.Effect<McpToolResult, McpError.McpError>
  readonly library: (caller: Caller) => Library<McpError.McpError>
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

export interface Origins extends Sources {
  readonly hub: Hub
  readonly calls: Calls
}

/** Follows the servers and the workflows while the scope is open. */
export const make = Effect.fnUntraced(function* ({
  calls,
  hub,
  ...sources
}: Origins): Effect.fn.Return<Offering, never, Scope.Scope> {
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
    { caller, onProgress }: WorkflowTools.CallOptions
  ) {
    const { prefix, server, tool } = yield* hub.find(name)
    const called = yield* Effect.either(calls.call({ caller, server, tool, args }, { onProgress }))
    if (called._tag === "Left") return failed(called.left.message)
    const { result } = called.right
    const rename = (uri: string) => ResourceUri.marked(server, prefix, uri)
    return { ...result, content: result.content.map((content) => ResourceUri.inContent(content, rename)) }
  })

  return {
    library: (caller) => hub.library((server) => Access.mayUseServer(caller, server)),
    changes: PubSub.subscribe(changes),
    tools: (caller) =>
      Effect.zipWith(
        WorkflowTools.list(sources.workflows),
        Effect.orElseSucceed(hub.tools(), () => []),
        (workflows, tools) => [
          ...Access.usable(caller, tools).map(({ inputSchema, listed, name }) => offered(name, listed, inputSchema)),
          ...workflows
        ],
        { concurrent: true }
      ),
    call: (name, args, options) =>
      Effect.flatMap(WorkflowTools.find(sources.workflows, name), (workflow) =>
        workflow === null ? callHub(name, args, options) : WorkflowTools.run(sources, workflow, args, options)
      )
  }
})

/** Over the services of the program. */
export const fromContext = Effect.gen(function* () {
  return yield* make({ hub: yield* McpHub, calls: yield* ToolCalls, runs: yield* Runs, workflows: yield* Workflows })
})
