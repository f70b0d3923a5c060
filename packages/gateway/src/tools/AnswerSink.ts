/** Where a joined answer goes, and what is told of tools meanwhile. */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Head, Sink } from "../exchange/Call.ts"

/** What a tool is doing, for whoever watches. */
export interface Activity {
  readonly server: string
  readonly tool: string
  readonly status: "called" | "ok" | "error"
  /** With the end of a call. */
  readonly millis?: number
}

/** `begin` is called for a stream, with what is known of the first turn. */
export interface AnswerSink extends Sink<ReadonlyArray<StreamEvent>> {
  readonly activity: (activity: Activity) => void
  /** The head as it is at the end, all turns together, before `end`. */
  readonly complete: (head: Head) => void
}
