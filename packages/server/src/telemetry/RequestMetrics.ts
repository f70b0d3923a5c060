/** What a settled request and an ended tool call add to the metrics: one plain function for each. */
import type { Listener } from "@penstock/gateway/ledger/LedgerEvents"
import { toUsd } from "@penstock/schema/Money"
import { buckets } from "@penstock/schema/Usage"
import type { Meter } from "./Meter.ts"
import { instruments } from "./Names.ts"

/** The endpoint as the conventions call what it does. */
const operations: { readonly [endpoint: string]: string } = {
  "chat.completions": "chat",
  messages: "chat",
  responses: "chat",
  completions: "text_completion",
  embeddings: "embeddings",
  "mcp.tool": "execute_tool"
}

export const operationOf = (endpoint: string): string => operations[endpoint] ?? endpoint

export const make = ({ record }: Meter): Required<Listener> => ({
  settled: (
    { endpoint },
    { attempts, cost, error, firstTokenMillis, latencyMillis, model, provider, status, usage }
  ) => {
    const target = [operationOf(endpoint), provider, model]
    const own = [provider, model]
    record(instruments.requests, 1, [...target, status])
    record(instruments.duration, latencyMillis / 1000, [...target, error?.reason ?? ""])
    if (firstTokenMillis !== null) record(instruments.firstToken, firstTokenMillis / 1000, target)
    if (cost === null) record(instruments.unpriced, 1, own)
    else record(instruments.cost, toUsd(cost), own)
    for (const attempt of attempts) {
      record(instruments.attempts, 1, [attempt.provider, attempt.model, attempt.outcome, attempt.reason ?? ""])
    }
    if (usage === null) return
    record(instruments.tokenUsage, usage.promptTokens, [...target, "input"])
    record(instruments.tokenUsage, usage.completionTokens, [...target, "output"])
    for (const bucket of buckets) {
      if (usage[bucket] > 0) record(instruments.tokens, usage[bucket], [...own, bucket])
    }
  },
  toolCalled: ({ error, latencyMillis, server, status, tool }) =>
    record(instruments.mcpCalls, latencyMillis / 1000, [
      "tools/call",
      server,
      tool,
      error?.reason ?? (status === "ok" ? "" : status)
    ])
})
