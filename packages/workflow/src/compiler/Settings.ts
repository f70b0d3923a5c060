/** What a step says, else what the workflow says for all steps, else what holds everywhere. */
import { fromUsd } from "@penstock/schema/Money"
import { DurationMillis } from "@penstock/schema/config/Units"
import * as Schema from "effect/Schema"
import type { Budget, Retry, RetryReason } from "../document/Fields.ts"
import type { Step } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { Limit, RetryPlan } from "./Plan.ts"

const decodeMillis = Schema.decodeSync(DurationMillis)

/** The document's schema has let only durations through. */
export const millis = (duration: string | undefined): number | null =>
  duration === undefined ? null : decodeMillis(duration)

/** What may pass, if one waits. */
const transient: ReadonlyArray<RetryReason> = ["rate_limit", "server", "timeout", "network", "invalid_output"]

const usual: Omit<RetryPlan, "max"> = {
  delayMillis: 1000,
  factor: 2,
  maxDelayMillis: 30_000,
  jitter: "full",
  on: transient
}

export const retryOf = (retry: Retry | undefined): RetryPlan => {
  if (retry === undefined || typeof retry === "number") return { ...usual, max: retry ?? 0 }
  return {
    max: retry.max,
    delayMillis: millis(retry.delay) ?? usual.delayMillis,
    factor: retry.factor ?? usual.factor,
    maxDelayMillis: millis(retry.max_delay) ?? usual.maxDelayMillis,
    jitter: retry.jitter ?? usual.jitter,
    on: retry.on ?? usual.on
  }
}

/** Steps that reach out are tried again and cut off by default; for the others only their own word counts. */
const reachesOut = ({ type }: Step): boolean =>
  type === "llm" || type === "agent" || type === "mcp_tool" || type === "http" || type === "workflow"

export const settingsOf = (step: Step, { defaults }: Workflow) => {
  const inherited = reachesOut(step) ? defaults : undefined
  return {
    retry: retryOf(step.retry ?? inherited?.retry),
    timeoutMillis: millis(step.timeout ?? inherited?.timeout),
    deadlineMillis: millis(step.deadline ?? inherited?.deadline)
  }
}

export const limitOf = (budget: Budget | undefined): Limit => ({
  nanoDollars: budget?.usd === undefined ? null : fromUsd(budget.usd),
  tokens: budget?.tokens ?? null
})
