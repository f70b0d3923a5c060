// Stands in for SQLite's own shell where it is not installed: FILE SQL, rows as it prints them, and its `.backup`.
import { createRequire } from "node:module"
import * as path from "node:path"

const gateway = createRequire(path.resolve(import.meta.dirname, "../../packages/gateway/package.json"))
const Database = createRequire(gateway.resolve("@effect/sql-sqlite-node/SqliteClient"))("better-sqlite3")

const [file, command] = process.argv.slice(2)
const database = new Database(file, { fileMustExist: true })
const backup = /^\.backup '?([^']+)'?$/.exec(command)
if (backup === null) {
  for (const row of database.prepare(command).raw().all()) {
    console.log(row.map((value) => value ?? "").join("|"))
  }
} else await database.backup(backup[1])
database.close()
