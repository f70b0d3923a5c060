/** Where each attempt stands on the request's own time line. */
import type { AttemptRow, RequestRow } from "@penstock/schema/LedgerEntry"

export interface Bar {
  readonly attempt: AttemptRow
  /** Milliseconds after the request arrived. */
  readonly after: number
  /** Shares of the whole, in percent. */
  readonly left: number
  readonly width: number
  /** Where the first token came; null without one. */
  readonly firstToken: number | null
}

/** At least this wide, in percent: what took a millisecond of a minute is there all the same. */
const narrowest = 0.5

export const bars = (
  request: Pick<RequestRow, "timestamp" | "latency_ms">,
  attempts: ReadonlyArray<AttemptRow>
): ReadonlyArray<Bar> => {
  const began = Date.parse(request.timestamp)
  const after = (attempt: AttemptRow) => Math.max(0, Date.parse(attempt.timestamp) - began)
  const whole = Math.max(1, request.latency_ms ?? 0, ...attempts.map((attempt) => after(attempt) + attempt.latency_ms))
  const percent = (millis: number) => (100 * millis) / whole
  return attempts.map((attempt) => {
    const left = Math.min(percent(after(attempt)), 100 - narrowest)
    return {
      attempt,
      after: after(attempt),
      left,
      width: Math.min(100 - left, Math.max(narrowest, percent(attempt.latency_ms))),
      firstToken: attempt.first_token_ms === null ? null : percent(after(attempt) + attempt.first_token_ms)
    }
  })
}
