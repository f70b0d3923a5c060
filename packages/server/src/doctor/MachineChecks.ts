/** What Penstock needs of the machine, whatever the configuration says. */
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { type Finding, fail, ok } from "./Finding.ts"

const oldest = [20, 19] as const

/** `version` as in `process.versions.node`. */
export const node = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? ok("node", `Node ${version}`)
    : fail("node", `Node ${version} is too old: 20.19 is needed`, "Install a newer one from https://nodejs.org")
}

/** The driver is a native module: it has to be built for this Node on this machine. */
export const sqlite: Effect.Effect<Finding> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly version: string }>`SELECT sqlite_version() AS version`
  return ok("sqlite", `SQLite ${row?.version ?? "of unknown version"}`)
}).pipe(
  Effect.provide(SqliteClient.layer({ filename: ":memory:" })),
  Effect.catchAllCause((cause) =>
    Effect.succeed(
      fail(
        "sqlite",
        `The SQLite driver does not load: ${Cause.pretty(cause).split("\n", 1)[0] ?? ""}`,
        "Install again with this Node (npm start does); where there is no prebuilt driver, that takes a C++ compiler, make and Python 3"
      )
    )
  )
)
