/**
 * Penstock's side of one conversation: the protocol's methods answered from what is offered. This folder and nothing
 * else of the server knows the SDK.
 */
import {
  isSpecType,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server
} from "@modelcontextprotocol/server"
import type { ServerContext } from "@modelcontextprotocol/server"
import type { McpError } from "@penstock/gateway/mcp/McpError"
import type { Progress } from "@penstock/gateway/mcp/Tool"
import type { Caller } from "@penstock/schema/api/Caller"
import { version } from "@penstock/schema/api/Version"
import type * as Effect from "effect/Effect"
import type { Offering } from "./Offering.ts"

/** Runs a request's effect until the signal; a failure rejects with it. */
export type Run = <A>(effect: Effect.Effect<A, McpError>, signal: AbortSignal) => Promise<A>

export interface Options {
  readonly offering: Offering
  readonly caller: Caller
  readonly run: Run
}

/** With an error of the protocol in place of ours. */
const asked = async <A>(answer: Promise<A>): Promise<A> => {
  try {
    return await answer
  } catch (error) {
    throw toProtocol(error)
  }
}

const isMcpError = (error: unknown): error is McpError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "McpError"

const toProtocol = (error: unknown): unknown => {
  if (!isMcpError(error)) return error
  const isTheirs = error.reason.startsWith("unknown_") || error.reason === "invalid_arguments"
  return new ProtocolError(isTheirs ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, error.message)
}

/** What a server of ours sent and the protocol does not know. */
const notInProtocol = (what: string) =>
  new ProtocolError(ProtocolErrorCode.InternalError, `The MCP server's ${what} is not in the protocol's words`)

/** Tells progress where the caller asked for it; one that has left is told nothing. */
const progressOf = ({ mcpReq }: ServerContext) => {
  const progressToken = mcpReq._meta?.progressToken
  return ({ message, progress, total }: Progress): void => {
    if (progressToken === undefined) return
    const params = {
      progressToken,
      progress,
      ...(total === null ? {} : { total }),
      ...(message === null ? {} : { message })
    }
    mcpReq.notify({ method: "notifications/progress", params }).catch(() => {})
  }
}

const capabilities = {
  tools: { listChanged: true },
  resources: { listChanged: true },
  prompts: { listChanged: true },
  completions: {}
}

/** A server for one conversation, or for one request of a caller who keeps none. */
export const make = ({ caller, offering, run }: Options): Server => {
  const server = new Server({ name: "penstock", version }, { capabilities })
  const library = offering.library(caller)

  server.setRequestHandler("tools/list", async (_, { mcpReq }) => ({
    tools: (await run(offering.tools(caller), mcpReq.signal)).filter(isSpecType.Tool)
  }))
  server.setRequestHandler("tools/call", async ({ params }, context) => {
    const call = offering.call(params.name, params.arguments ?? {}, { caller, onProgress: progressOf(context) })
    const result = await asked(run(call, context.mcpReq.signal))
    if (isSpecType.CallToolResult(result)) return result
    throw notInProtocol("result")
  })

  server.setRequestHandler("resources/list", async (_, { mcpReq }) => ({
    resources: [...(await asked(run(library.resources, mcpReq.signal)))]
  }))
  server.setRequestHandler("resources/templates/list", async (_, { mcpReq }) => ({
    resourceTemplates: [...(await asked(run(library.templates, mcpReq.signal)))]
  }))
  server.setRequestHandler("resources/read", async ({ params: { uri } }, { mcpReq }) => {
    const result = await run(library.read(uri), mcpReq.signal).catch((error: unknown) => {
      throw isMcpError(error) && error.reason === "unknown_resource"
        ? new ResourceNotFoundError(uri, error.message)
        : toProtocol(error)
    })
    if (isSpecType.ReadResourceResult(result)) return result
    throw notInProtocol("resource")
  })

  server.setRequestHandler("prompts/list", async (_, { mcpReq }) => ({
    prompts: [...(await asked(run(library.prompts, mcpReq.signal)))]
  }))
  server.setRequestHandler("prompts/get", async ({ params }, { mcpReq }) => {
    const result = await asked(run(library.prompt(params.name, params.arguments ?? {}), mcpReq.signal))
    if (isSpecType.GetPromptResult(result)) return result
    throw notInProtocol("prompt")
  })

  server.setRequestHandler("completion/complete", async ({ params }, { mcpReq }) => {
    const result = await asked(run(library.complete(params), mcpReq.signal))
    if (isSpecType.CompleteResult(result)) return result
    throw notInProtocol("completion")
  })
  return server
}
