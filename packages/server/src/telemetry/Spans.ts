/** Spans put together from what was recorded, when it is over: nothing is traced while it happens. */
import type { Trace } from "@penstock/schema/Trace"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { attributes as names } from "./Names.ts"

/** Attributes that are null are left out. */
export type Attributes = {
  readonly [name in (typeof names)[keyof typeof names]]?: string | number | boolean | null
}

export interface Finished {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly trace: Trace
  readonly spanId: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Attributes
  /** The reason of the failure; null without one. Messages may quote what was said, so they are no part of it. */
  readonly error: string | null
}

const nanos = (millis: number): bigint => BigInt(Math.round(millis)) * 1_000_000n

/** Tells the collector, unless whoever began the trace does not want it recorded. */
export const emit = (tracer: Tracer.Tracer, finished: Finished): void => {
  const { attributes, endedAt, error, kind, name, spanId, startedAt, trace } = finished
  if (!trace.sampled) return
  const { parentId, traceId } = trace
  const parent =
    parentId === null ? Option.none() : Option.some(Tracer.externalSpan({ traceId, spanId: parentId, sampled: true }))
  const span = tracer.span(name, parent, Context.empty(), [], nanos(startedAt), kind)
  // The exporter draws ids at random; providers and tools were told of these.
  Object.assign(span, { traceId, spanId })
  for (const [key, value] of Object.entries(attributes)) if (value !== null) span.attribute(key, value)
  if (error !== null) span.attribute("error.type", error)
  span.end(nanos(endedAt), error === null ? Exit.void : Exit.fail(error))
}
