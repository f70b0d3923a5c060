/** Transactions that several processes may want at once. */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"

/**
 * All or nothing. `BEGIN IMMEDIATE`: what is read inside is still so at the commit, whatever other processes do, and a
 * transaction that first reads could not be retried when it then has to wait. To prepare these three anew is cheaper
 * than to look them up.
 */
export const transaction = <A, E>(
  connection: Connection,
  effect: Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError> => {
  const run = (text: string) => connection.executeUnprepared(text, [], undefined)
  return Effect.flatMap(run("BEGIN IMMEDIATE"), () =>
    Effect.matchCauseEffect(
      Effect.flatMap(effect, (result) => Effect.as(run("COMMIT"), result)),
      {
        onSuccess: Effect.succeed,
        onFailure: (cause) => Effect.zipRight(Effect.ignore(run("ROLLBACK")), Effect.failCause(cause))
      }
    )
  )
}

/** Runs on the client's one connection while nobody else does: `Effect.scoped`, without what this does not need. */
export const exclusively = <A, E>(
  sql: SqlClient.SqlClient,
  use: (connection: Connection) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError> =>
  Effect.uninterruptible(
    Effect.flatMap(Scope.make(), (scope) =>
      Effect.matchCauseEffect(Effect.flatMap(Scope.extend(sql.reserve, scope), use), {
        onSuccess: (result) => Effect.as(Scope.close(scope, Exit.void), result),
        onFailure: (cause) => Effect.zipRight(Scope.close(scope, Exit.void), Effect.failCause(cause))
      })
    )
  )

/** Whether it failed because another connection holds the lock. */
export const isLocked = ({ cause }: { readonly cause?: unknown }): boolean =>
  Predicate.hasProperty(cause, "code") &&
  typeof cause.code === "string" &&
  (cause.code.startsWith("SQLITE_BUSY") || cause.code.startsWith("SQLITE_LOCKED"))
