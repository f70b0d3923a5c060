/** The promises of the gateway when things go wrong, and by which rows and tests each is held. */
import * as BeforeAnswer from "./BeforeAnswer.ts"
import * as InAnswer from "./InAnswer.ts"
import * as OfCaller from "./OfCaller.ts"
import * as OverTime from "./OverTime.ts"
import type { Row } from "./Row.ts"

export interface Promise {
  readonly event: string
  readonly promise: string
  /** Rows of `test/failover.test.ts`. */
  readonly rows: ReadonlyArray<Row>
  /** Other tests: the file, and the beginning of the test's name. */
  readonly tests?: ReadonlyArray<readonly [file: string, name: string]>
}

const named = (rows: ReadonlyArray<Row>, ...ids: ReadonlyArray<string>): ReadonlyArray<Row> =>
  ids.map((id) => {
    const row = rows.find((each) => each.id === id)
    if (row === undefined) throw new Error(`there is no row "${id}"`)
    return row
  })

export const contract: ReadonlyArray<Promise> = [
  {
    event: "429 with `Retry-After`",
    promise: "waits that long if it fits the deadline, else next target; never a tight loop",
    rows: BeforeAnswer.rateLimits
  },
  {
    event: "429 / 5xx / reset / refused",
    promise:
      "backs off with jitter within `retry.max`, then next target; at most `retry.max + 1` attempts at each target",
    rows: BeforeAnswer.failures
  },
  {
    event: "no answer, or no first token in time",
    promise: "does not ask the silent target again; next target. The last target gets the whole remaining deadline",
    rows: BeforeAnswer.silence
  },
  {
    event: "stream cut or stalled before commit",
    promise: "next target, invisibly",
    rows: named(InAnswer.broke, "cut-before-token", "commit-complete")
  },
  {
    event: "stream cut or stalled after commit",
    promise:
      "continues on a target that declares `prefill`, else restarts on the next target and goes on only while its text agrees with what was already sent; otherwise an error in the stream. Never a clean end without the provider's terminal event",
    rows: named(
      InAnswer.broke,
      "cut",
      "reset",
      "stall",
      "cut-prefill",
      "cut-disagrees",
      "cut-alone",
      "no-terminal-event"
    )
  },
  {
    event: "malformed event",
    promise: "skipped and counted if the stream still ends well",
    rows: named(InAnswer.bent, "malformed-event")
  },
  {
    event: "no `[DONE]`",
    promise: "finished at the terminal event or the end of a well-terminated body, at once",
    rows: named(InAnswer.bent, "no-end-mark", "open-behind-end", "slow-loris")
  },
  {
    event: "context too long",
    promise: "no retry; next target with a larger window, else the provider's error",
    rows: named(OfCaller.ofRequest, "context-length", "context-length-everywhere")
  },
  {
    event: "content filter, invalid request, auth",
    promise: "no retry, no fallback unless the configuration names it; the provider's reason reaches the caller",
    rows: named(OfCaller.ofRequest, "content-filter", "content-filter-named", "invalid-request", "authentication")
  },
  {
    event: "target keeps failing",
    promise:
      "breaker opens, traffic goes to the next; one probe at a time closes it again within one cooldown of recovery",
    rows: OverTime.breakers
  },
  {
    event: "caller leaves",
    promise: "the provider is aborted at once; usage so far is settled, marked `partial`",
    rows: OfCaller.ofLeaving,
    tests: [["test/client-leaves.test.ts", "a caller who leaves"]]
  },
  {
    event: "target whose provider is not configured",
    promise: "skipped, and shown by `explain`; an error only when no target is left",
    rows: OfCaller.ofTarget
  },
  {
    event: "process dies",
    promise: "open rows are settled as `interrupted` at the next start; reservations are released",
    rows: [],
    tests: [["test/kill.test.ts", "kill -9 at any moment"]]
  },
  {
    event: "shutdown",
    promise: "stops accepting, drains within `shutdown_grace`, flushes the ledger",
    rows: [],
    tests: [
      ["test/kill.test.ts", "SIGTERM under load"],
      ["test/process.test.ts", "a stop"]
    ]
  }
]

export const rows: ReadonlyArray<Row> = contract.flatMap((promise) => promise.rows)
