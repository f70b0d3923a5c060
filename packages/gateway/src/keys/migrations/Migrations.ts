/** The migrations of the keys' table, in order. One that was released is never edited: add another. */
import * as Migrator from "@effect/sql/Migrator"
import { virtualKeys } from "./VirtualKeys.ts"

export const run = Migrator.make({})({
  loader: Migrator.fromRecord({ "0001_virtual_keys": virtualKeys }),
  table: "keys_migrations"
})
