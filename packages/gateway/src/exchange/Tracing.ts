/**
 * Traces without a tracer on the way. The ids of our spans follow from the ids of requests and runs, so that providers
 * and tools can be told of a span that is put together only when the request is settled.
 */
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { Trace } from "@penstock/schema/Trace"
import { createHash } from "node:crypto"

const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

const sampledFlag = 1

/** Null for what is no `traceparent`: the request is then the first of its trace. */
export const parse = (header: string | ReadonlyArray<string> | undefined, recorded: boolean): Trace | null => {
  if (typeof header !== "string") return null
  const [, version = "", traceId = "", parentId = "", flags = "", more] = pattern.exec(header.trim()) ?? []
  // Later versions may say more; this one does not.
  if (traceId === "" || (version === "00" && more !== undefined)) return null
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & sampledFlag) !== 0, recorded }
}

/** Ids of requests and runs end in 24 digits: twelve of the time and twelve at random. */
const digits = 24
const timeDigits = 12

const hexOf = (id: string): string => id.slice(-digits).padStart(digits, "0")

/** Of the first request, or the run, of a trace. Samplers look at its right half, so that is at random. */
export const beginning = (id: string): Trace => {
  const hex = hexOf(id)
  const random = hex.slice(timeDigits)
  return {
    traceId: `${hex.slice(0, timeDigits)}${random.slice(0, 8)}${random}`,
    parentId: null,
    sampled: true,
    recorded: true
  }
}

/** The span of a request, a run or a call of a tool (`part` 0), or that of one of its attempts, from 1. */
export const spanId = (id: string, part = 0): string => {
  const span = `${hexOf(id).slice(timeDigits)}${(part & 0xffff).toString(16).padStart(4, "0")}`
  return /^0+$/.test(span) ? "0000000000000001" : span
}

/** The span of a run's step, by its path: the same in whichever process the step is run, or told of. */
export const stepSpanId = (runId: string, path: string): string =>
  createHash("sha256").update(`${runId}/${path}`).digest("hex").slice(0, 16)

/** What comes below the span of a request or run. */
export const below = (trace: Trace, id: string): Trace => (trace.recorded ? { ...trace, parentId: spanId(id) } : trace)

/** What a provider or tool is told: our span where there is one, else the caller's. Null where there is neither. */
export const header = ({ parentId, recorded, sampled, traceId }: Trace, id: string, part = 0): string | null => {
  const span = recorded && sampled ? spanId(id, part) : parentId
  return span === null ? null : `00-${traceId}-${span}-${sampled ? "01" : "00"}`
}

/** Whether a collector hears of spans. */
export const isRecorded = ({ telemetry }: PenstockConfig): boolean => telemetry.otlp_endpoint !== null

/** The trace that a run's own span is in: that of whoever started it, else one that begins with it. */
export const aroundRun = ({ id, trace }: { readonly id: string; readonly trace: Trace | null }): Trace =>
  trace === null ? beginning(id) : { ...trace, recorded: true }

/** The trace of what happens in a run, below the step that asks; where nobody hears of it, that of whoever started it. */
export const ofRun = (
  config: PenstockConfig,
  { id, step, trace }: { readonly id: string; readonly step?: string; readonly trace?: Trace }
): Trace | undefined => {
  if (!isRecorded(config)) return trace === undefined ? undefined : { ...trace, recorded: false }
  return {
    ...aroundRun({ id, trace: trace ?? null }),
    parentId: step === undefined ? spanId(id) : stepSpanId(id, step)
  }
}
