/** The database file as anybody could look into it while the server has it open, and prepare it while nobody has. */
import { createRequire } from "node:module"
import * as path from "node:path"

interface Database {
  readonly prepare: (sql: string) => { readonly all: (...values: ReadonlyArray<unknown>) => ReadonlyArray<unknown> }
  readonly exec: (sql: string) => void
  readonly close: () => void
}

// The driver is a dependency of the ledger's and not of the tests': it is found from there.
const gateway = createRequire(path.resolve(import.meta.dirname, "../../packages/gateway/package.json"))
const driver = createRequire(gateway.resolve("@effect/sql-sqlite-node/SqliteClient"))
const open: new (file: string, options: { readonly readonly: boolean }) => Database = driver("better-sqlite3")

export const query = <Row>(file: string, sql: string): ReadonlyArray<Row> => {
  const database = new open(file, { readonly: true })
  try {
    return database.prepare(sql).all() as ReadonlyArray<Row>
  } finally {
    database.close()
  }
}

/** Writes; the server is stopped meanwhile. */
export const execute = (file: string, sql: string): void => {
  const database = new open(file, { readonly: false })
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}
