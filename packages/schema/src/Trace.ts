/** Where a request belongs in a distributed trace, as the W3C's `traceparent` has it. */
import * as Schema from "effect/Schema"

export const Trace = Schema.Struct({
  /** 32 hexadecimal digits. */
  traceId: Schema.String,
  /** The span that caused it, 16 hexadecimal digits; null for the first of its trace. */
  parentId: Schema.NullOr(Schema.String),
  /** Whether whoever began the trace wants it recorded. */
  sampled: Schema.Boolean,
  /** Whether a collector hears of spans of our own; without, the caller's is what providers are told. */
  recorded: Schema.Boolean
})
export type Trace = typeof Trace.Type
