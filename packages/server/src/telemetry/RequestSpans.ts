/** A request with its attempts, and a call of a tool, as the conventions for generative AI and MCP have them. */
import type { Service as Contents } from "@penstock/gateway/Contents"
import * as Tracing from "@penstock/gateway/exchange/Tracing"
import type { Listener } from "@penstock/gateway/ledger/LedgerEvents"
import type { Attempt } from "@penstock/schema/LedgerEntry"
import { toUsd } from "@penstock/schema/Money"
import type { Usage } from "@penstock/schema/Usage"
import type * as Tracer from "effect/Tracer"
import * as ContentAttributes from "./ContentAttributes.ts"
import { attributes as at } from "./Names.ts"
import { operationOf } from "./RequestMetrics.ts"
import * as Spans from "./Spans.ts"

const tokensOf = (usage: Usage | null): Spans.Attributes =>
  usage === null
    ? {}
    : {
        [at.inputTokens]: usage.promptTokens,
        [at.outputTokens]: usage.completionTokens,
        [at.cacheReadTokens]: usage.cacheRead
      }

/** They are recorded in the order of their ends, and numbered in that of their beginnings. */
const inOrder = (attempts: ReadonlyArray<Attempt>): ReadonlyArray<Attempt> =>
  attempts.toSorted((one, other) => one.startedAt - other.startedAt)

export const make = (tracer: Tracer.Tracer, contents: Contents | null): Required<Listener> => ({
  settled: (opening, settlement) => {
    const { endpoint, id, startedAt } = opening
    // A call of a tool that costs something has a span as a call of a tool.
    if (endpoint === "mcp.tool") return
    const trace = opening.trace ?? Tracing.beginning(id)
    const operation = operationOf(endpoint)
    const { attempts, cost, error, firstTokenMillis, latencyMillis, model, provider, status, usage } = settlement
    Spans.emit(tracer, {
      name: `${operation} ${opening.requestedModel}`,
      kind: "server",
      trace,
      spanId: Tracing.spanId(id),
      startedAt,
      endedAt: startedAt + latencyMillis,
      attributes: {
        [at.operation]: operation,
        [at.provider]: provider,
        [at.requestModel]: opening.requestedModel,
        [at.responseModel]: model,
        [at.requestId]: id,
        [at.key]: opening.key,
        [at.workflowName]: opening.workflowName,
        [at.status]: status,
        [at.cost]: cost === null ? null : toUsd(cost),
        [at.firstToken]: firstTokenMillis === null ? null : firstTokenMillis / 1000,
        ...tokensOf(usage),
        ...(contents === null ? {} : ContentAttributes.of(contents.of(id)))
      },
      error: error?.reason ?? null
    })
    inOrder(attempts).forEach((attempt, index) => {
      Spans.emit(tracer, {
        name: `${operation} ${attempt.model}`,
        kind: "client",
        trace: Tracing.below(trace, id),
        spanId: Tracing.spanId(id, index + 1),
        startedAt: attempt.startedAt,
        endedAt: attempt.startedAt + attempt.latencyMillis,
        attributes: {
          [at.operation]: operation,
          [at.provider]: attempt.provider,
          [at.requestModel]: attempt.model,
          [at.attempt]: index + 1,
          [at.outcome]: attempt.outcome,
          [at.httpStatus]: attempt.upstreamStatus,
          [at.cost]: attempt.cost === null ? null : toUsd(attempt.cost),
          [at.firstToken]: attempt.firstTokenMillis === null ? null : attempt.firstTokenMillis / 1000,
          ...tokensOf(attempt.usage)
        },
        error: attempt.reason
      })
    })
  },
  toolCalled: (call) => {
    const { cost, error, id, key, latencyMillis, requestId, runId, server, startedAt, status, tool } = call
    Spans.emit(tracer, {
      name: `tools/call ${tool}`,
      kind: "client",
      trace: call.trace ?? Tracing.beginning(id),
      spanId: Tracing.spanId(id),
      startedAt,
      endedAt: startedAt + latencyMillis,
      attributes: {
        [at.mcpMethod]: "tools/call",
        [at.operation]: "execute_tool",
        [at.toolName]: tool,
        [at.mcpServer]: server,
        [at.requestId]: requestId,
        [at.runId]: runId,
        [at.key]: key,
        [at.status]: status,
        [at.cost]: cost === null ? null : toUsd(cost)
      },
      error: error?.reason ?? (status === "tool_error" ? status : null)
    })
  }
})
