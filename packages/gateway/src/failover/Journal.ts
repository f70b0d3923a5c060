/** The attempts of one request as the ledger keeps them, each noted when it ends, however it does. */
import type * as GatewayError from "@penstock/schema/GatewayError"
import type { Attempt, Settlement } from "@penstock/schema/LedgerEntry"
import { type NanoDollars, nanoDollars } from "@penstock/schema/Money"
import * as Usage from "@penstock/schema/Usage"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import { shutdown } from "../exchange/Call.ts"
import type { Target } from "./Breakers.ts"

export type Ending = Exit.Exit<void, GatewayError.GatewayError>

/** How a request, or an attempt, ends. A caller who leaves interrupts the call. */
export const outcome = (exit: Ending): Pick<Settlement, "status" | "error"> => {
  if (Exit.isSuccess(exit)) return { status: "ok", error: null }
  if (Cause.isInterruptedOnly(exit.cause)) {
    return HashSet.has(Cause.interruptors(exit.cause), shutdown)
      ? {
          status: "error",
          error: { reason: "shutting_down", message: "The gateway stopped before the answer was whole." }
        }
      : { status: "partial", error: null }
  }
  const failure = Cause.failureOption(exit.cause)
  return {
    status: "error",
    error:
      failure._tag === "Some"
        ? { reason: failure.value.reason, message: failure.value.message }
        : { reason: "internal", message: "Penstock failed; the log has the cause." }
  }
}

export interface Entry {
  readonly target: Target
  /** Milliseconds since the epoch, as is `endedAt`. */
  readonly startedAt: number
  readonly endedAt: number
  readonly firstTokenAt: number | null
  readonly usage: Usage.Usage | null
  readonly cost: NanoDollars | null
}

export const note = ({ cost, endedAt, firstTokenAt, startedAt, target, usage }: Entry, exit: Ending): Attempt => {
  const { error, status } = outcome(exit)
  const failure = Exit.isFailure(exit) ? Option.getOrNull(Cause.failureOption(exit.cause)) : null
  return {
    provider: target.provider,
    model: target.model,
    outcome: status,
    reason: error === null ? null : error.reason,
    upstreamStatus: failure?.upstream?.status ?? null,
    startedAt,
    latencyMillis: Math.max(0, endedAt - startedAt),
    firstTokenMillis: firstTokenAt === null ? null : Math.max(0, firstTokenAt - startedAt),
    usage,
    cost
  }
}

/** All that is known of them together; null when nothing is. */
export const totals = (attempts: ReadonlyArray<Attempt>): Pick<Settlement, "usage" | "cost"> => {
  let usage: Usage.Usage | null = null
  let cost: NanoDollars | null = null
  for (const attempt of attempts) {
    if (attempt.usage !== null) usage = usage === null ? attempt.usage : Usage.sum(usage, attempt.usage)
    if (attempt.cost !== null) cost = cost === null ? attempt.cost : nanoDollars(cost + attempt.cost)
  }
  return { usage, cost }
}

/** "Tried openai/x (429, 2 times), anthropic/y (timeout)." */
export const summary = (attempts: ReadonlyArray<Attempt>): string => {
  const told: Array<{ readonly what: string; times: number }> = []
  for (const { model, provider, reason, upstreamStatus } of attempts) {
    const what = `${provider}/${model} (${upstreamStatus ?? reason ?? "ok"}`
    const last = told.at(-1)
    if (last?.what === what) last.times += 1
    else told.push({ what, times: 1 })
  }
  return `Tried ${told.map(({ times, what }) => (times === 1 ? `${what})` : `${what}, ${times} times)`)).join(", ")}.`
}
