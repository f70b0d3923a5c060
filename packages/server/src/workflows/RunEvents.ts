/** A run's events as server-sent events. Plain functions: they run for each token. */
import type { Waiting } from "@penstock/schema/api/RunsApi"
import type { RunEvent } from "@penstock/workflow/runtime/RunRecord"
import { isObject, type JsonObject } from "@penstock/gateway/wire/Json"
import { nameOf, type Service as Approvals } from "./Approvals.ts"

/** What the runtime tells itself; any other name is a file's own, whose data may be of any type. */
const known = new Set([
  "run.started",
  "run.finished",
  "step.started",
  "step.finished",
  "step.failed",
  "step.skipped",
  "token",
  "log"
])

/** The id of the step that a path leads to. */
const idOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** What a step waits for, of the event that tells so; null for another event. */
export const waiting = (approvals: Approvals, runId: string, { data, step, type }: RunEvent): Waiting | null => {
  if (type !== "step.started" || step === null || !isObject(data) || data["status"] !== "waiting") return null
  if (data["type"] !== "approve") return { event: typeof data["event"] === "string" ? data["event"] : null }
  return { prompt: data["prompt"], form: data["form"] ?? null, signal: approvals.address(runId, step) }
}

export interface Asked {
  /** The step's path. */
  readonly step: string
  readonly waiting: Waiting
}

/** What was asked last under this name: a step's path or id, or the name of the event that it waits for. */
export const asked = (
  approvals: Approvals,
  runId: string,
  events: ReadonlyArray<RunEvent>,
  name: string
): Asked | null => {
  for (const event of events.toReversed()) {
    const { step } = event
    const wait = waiting(approvals, runId, event)
    if (wait === null || step === null) continue
    const names = wait.signal === undefined ? [wait.event] : [step, nameOf(step), idOf(step)]
    if (names.includes(name)) return { step, waiting: wait }
  }
  return null
}

export const frame = (approvals: Approvals, runId: string, event: RunEvent): string => {
  const { at, data, number, step, type } = event
  const more: JsonObject = known.has(type) && isObject(data) ? data : { data }
  const wait = waiting(approvals, runId, event)
  const told = {
    run_id: runId,
    step: step === null ? null : idOf(step),
    path: step,
    at: new Date(at).toISOString(),
    ...more,
    ...wait
  }
  return `id: ${number}\nevent: ${type.replaceAll(/[\r\n]/g, " ")}\ndata: ${JSON.stringify(told)}\n\n`
}

/** Keeps proxies from closing a line on which nothing is said for a while. */
export const heartbeat = ": still here\n\n"
