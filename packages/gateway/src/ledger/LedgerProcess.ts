/**
 * Whose rows are whose. Every process that has the file open has a row of its own, and says every few seconds that it
 * lives. The open rows of one that does not are settled as `interrupted`, and what they held is given back: at the start
 * of another process, and every few seconds.
 */
import { hostname } from "node:os"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Budgets from "./LedgerSqliteBudgets.ts"
import { changesOf } from "./RowStatement.ts"
import { exclusively, transaction } from "./SqliteTransaction.ts"

const heartbeat = "5 seconds"
/** Milliseconds after which a process that says nothing is taken for dead. */
const patience = 15_000

const orphaned = "owner NOT IN (SELECT id FROM ledger_process)"

/** What they cost is not known. */
const settleOrphans = [
  Budgets.release(orphaned),
  `INSERT INTO usage_daily (day, provider, model, key_name, workflow_name, priced, requests, errors,
     input, cache_read, cache_write_5m, cache_write_1h, input_audio, output, reasoning, output_audio, cost)
   SELECT date(started_at / 1000, 'unixepoch'), provider, model, ifnull(key_name, ''), ifnull(workflow_name, ''), 0,
     COUNT(*), COUNT(*), 0, 0, 0, 0, 0, 0, 0, 0, 0
   FROM request_open WHERE ${orphaned} GROUP BY 1, 2, 3, 4, 5
   ON CONFLICT (day, provider, model, key_name, workflow_name, priced)
   DO UPDATE SET requests = requests + excluded.requests, errors = errors + excluded.errors`,
  `INSERT INTO request_log (id, started_at, key_name, workflow_name, endpoint, requested_model, provider, model, stream,
     status, attempts, error_reason, error_message)
   SELECT id, started_at, key_name, workflow_name, endpoint, requested_model, provider, model, stream,
     'interrupted', 0, 'Interrupted', 'the gateway ended before the answer did'
   FROM request_open WHERE ${orphaned}`
]
const deleteOrphans = `DELETE FROM request_open WHERE ${orphaned}`

interface Identity {
  readonly host: string
  readonly pid: number
  /** When it began, in milliseconds of the machine's own time, which no clock setting moves. */
  readonly born: number
}

interface Registered extends Identity {
  readonly id: number
  /** Milliseconds since the epoch. */
  readonly heartbeat_at: number
}

/** The clock's two readings are not taken at the same moment. */
const sameBirth = 50

const identity = (): Identity => ({
  host: hostname(),
  pid: process.pid,
  born: Math.round(Number(process.hrtime.bigint() / 1_000_000n) - process.uptime() * 1000)
})

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Anything but "no such process" says that there is one.
    return !(Predicate.hasProperty(error, "code") && error.code === "ESRCH")
  }
}

/**
 * Whether a process is gone. Its pid says so at once, if it ran on this machine. A container that starts anew often has
 * the pid of the one before, hence the time of birth.
 *
 * Otherwise only its silence can tell: it is looked at twice, because after a sleep of the machine all processes look
 * silent at first.
 */
const isGone = (self: Identity, other: Registered, heartbeatBefore: number | undefined, now: number): boolean => {
  if (other.host === self.host) {
    if (other.pid === self.pid) return Math.abs(other.born - self.born) > sameBirth
    if (!isRunning(other.pid)) return true
  }
  // A heartbeat in the future is no better: the clock was set back since.
  return Math.abs(now - other.heartbeat_at) > patience && heartbeatBefore === other.heartbeat_at
}

/**
 * Registers this process, settles what dead ones left, and goes on doing so for as long as the scope lives. Gives the id
 * that its rows carry. `released` is called whenever holds were given back.
 */
export const make = Effect.fnUntraced(function* (
  released: () => void
): Effect.fn.Return<number, SqlError, SqlClient.SqlClient | Scope.Scope> {
  const sql = yield* SqlClient.SqlClient
  const self = identity()
  const now = yield* Clock.currentTimeMillis
  const [registered] = yield* sql<{ readonly id: number }>`
    INSERT INTO ledger_process ${sql.insert({ ...self, heartbeat_at: now })} RETURNING id`
  const id = registered?.id ?? 0
  // A row that stays is that of a process whose pid is gone.
  yield* Effect.addFinalizer(() => Effect.ignore(sql`DELETE FROM ledger_process WHERE id = ${id}`))

  let heartbeats: ReadonlyMap<number, number> = new Map()

  const settleOrphansOf = (gone: ReadonlyArray<Registered>) =>
    exclusively(sql, (connection) =>
      transaction(
        connection,
        Effect.gen(function* () {
          for (const other of gone) {
            yield* connection.executeRaw("DELETE FROM ledger_process WHERE id = ? AND heartbeat_at = ?", [
              other.id,
              other.heartbeat_at
            ])
          }
          yield* Effect.forEach(settleOrphans, (statement) => connection.executeRaw(statement, []), { discard: true })
          return changesOf(yield* connection.executeRaw(deleteOrphans, []))
        })
      )
    )

  const sweep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const others = yield* sql<Registered>`SELECT * FROM ledger_process WHERE id <> ${id}`
    const gone = others.filter((other) => isGone(self, other, heartbeats.get(other.id), now))
    heartbeats = new Map(others.map((other) => [other.id, other.heartbeat_at]))
    const [orphan] = yield* sql`SELECT 1 FROM request_open WHERE ${sql.literal(orphaned)} LIMIT 1`
    if (gone.length === 0 && orphan === undefined) return
    const settled = yield* settleOrphansOf(gone)
    if (settled === 0) return
    released()
    yield* Effect.logInfo(`Settled ${settled} requests as interrupted: the process that ran them is gone`)
  })

  /** Inserted anew if others took this process for dead while it stood still. */
  const beat = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => sql`INSERT INTO ledger_process ${sql.insert({ id, ...self, heartbeat_at: now })}
      ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`
  )

  yield* sweep
  yield* Effect.zipRight(beat, sweep).pipe(
    Effect.catchAll((error) => Effect.logDebug("The heartbeat was not written; the next one follows", error)),
    Effect.schedule(Schedule.spaced(heartbeat)),
    Effect.forkScoped
  )
  return id
})
