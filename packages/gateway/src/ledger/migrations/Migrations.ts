/** The ledger's migrations, in order. One that was released is never edited: add another. */
import * as Migrator from "@effect/sql/Migrator"
import { requestLog } from "./RequestLog.ts"

export const run = Migrator.make({})({
  loader: Migrator.fromRecord({ "0001_request_log": requestLog }),
  table: "ledger_migrations"
})
