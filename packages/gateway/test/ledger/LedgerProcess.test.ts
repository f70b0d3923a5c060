import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import { requestLog } from "@penstock/gateway/ledger/migrations/RequestLog"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { hold, id, noon, opening, prices, settlement } from "./Fixtures.ts"

const folder = mkdtempSync(join(tmpdir(), "penstock-processes-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `ledger-${files++}.db`)
const openFile = (file: string) => Layer.fresh(LedgerSqlite.layerFile(file).pipe(Layer.provide(prices())))

interface Process {
  readonly host: string
  readonly pid: number
  readonly born: number
}

/** A row that another process left open, holding 500 nano-dollars. */
const leaveOpen = (number: number, other: Partial<Process>) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    const sql = yield* SqlClient.SqlClient
    yield* ledger.open(opening(number, { holds: [hold(500, 10_000, { per: "total" })] }))
    const [{ owner }] = (yield* sql`INSERT INTO ledger_process
      ${sql.insert({ host: hostname(), pid: process.pid, born: 0, heartbeat_at: 0, ...other })}
      RETURNING id AS owner`) as unknown as [{ owner: number }]
    yield* sql`UPDATE request_open SET owner = ${owner} WHERE id = ${id(number)}`
    return owner
  })

const statusOf = (number: number) =>
  Effect.flatMap(Ledger, (ledger) => Effect.map(ledger.request(id(number)), (found) => found?.request.status))

const reserved = Effect.flatMap(Ledger, (ledger) =>
  Effect.map(ledger.spending([hold(0, 1, { per: "total" }).budget]), ([state]) => Number(state?.reserved))
)

/** The heartbeat's statements go through the event loop. */
const pass = (duration: string & Parameters<typeof TestClock.adjust>[0]) =>
  Effect.zipRight(
    TestClock.adjust(duration),
    Effect.repeatN(
      Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
      5
    )
  )

describe("a process that is gone", () => {
  const cases: ReadonlyArray<readonly [string, () => Partial<Process>]> = [
    // Its pid is free again once it was waited for.
    ["whose pid is", () => ({ pid: spawnSync(process.execPath, ["-e", ""]).pid })],
    ["whose pid another one has since, as in a container that starts anew", () => ({ born: -1e12 })]
  ]
  for (const [how, other] of cases) {
    it.effect(`${how}: its rows are interrupted at the next start, and what they held is given back`, () => {
      const file = newFile()
      return Effect.gen(function* () {
        yield* Effect.provide(leaveOpen(1, other()), openFile(file))
        yield* Effect.gen(function* () {
          assert.strictEqual(yield* statusOf(1), "interrupted")
          assert.strictEqual(yield* reserved, 0)
          const sql = yield* SqlClient.SqlClient
          assert.strictEqual((yield* sql`SELECT * FROM ledger_process`).length, 1)
        }).pipe(Effect.provide(openFile(file)))
      })
    })
  }

  it.effect("elsewhere and silent: its rows are interrupted when it has said nothing for 15 seconds", () =>
    Effect.gen(function* () {
      const ledger = yield* Ledger
      let heard = 0
      yield* ledger.onRelease(() => heard++)
      yield* leaveOpen(1, { host: "elsewhere" })
      yield* ledger.open(opening(2, { holds: [hold(70, 10_000, { per: "total" })] }))
      yield* pass("14 seconds")
      assert.deepStrictEqual([yield* statusOf(1), yield* reserved, heard], ["open", 570, 0])
      yield* pass("6 seconds")
      assert.deepStrictEqual([yield* statusOf(1), yield* reserved, heard], ["interrupted", 70, 1])
      assert.strictEqual(yield* statusOf(2), "open")
    }).pipe(Effect.scoped, Effect.provide(openFile(newFile())))
  )

  it.effect("elsewhere and alive: its rows stay open", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const owner = yield* leaveOpen(1, { host: "elsewhere" })
      for (let second = 10; second <= 60; second += 10) {
        yield* pass("10 seconds")
        yield* sql`UPDATE ledger_process SET heartbeat_at = ${second * 1000} WHERE id = ${owner}`
      }
      assert.strictEqual(yield* statusOf(1), "open")
    }).pipe(Effect.provide(openFile(newFile())))
  )

  it.effect("taken for dead while it stood still: it is registered anew, and its new rows are its own", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ledger = yield* Ledger
      yield* sql`DELETE FROM ledger_process`
      yield* pass("5 seconds")
      yield* ledger.open(opening(1))
      yield* Effect.provide(Effect.void, openFile(file))
      assert.strictEqual(yield* statusOf(1), "open")
      yield* ledger.settle(settlement(1))
      yield* ledger.flush
      assert.strictEqual(yield* statusOf(1), "ok")
    }).pipe(Effect.provide(openFile(file)))
  })

  it.effect("that ended in good order leaves no row of its own", () => {
    const file = newFile()
    return Effect.gen(function* () {
      yield* Effect.provide(Effect.void, openFile(file))
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`SELECT id FROM ledger_process`, [{ id: 2 }])
      }).pipe(Effect.provide(openFile(file)))
    })
  })
})

describe("a file from before processes were told apart", () => {
  it.effect("is brought up to date, and what it has open is interrupted", () => {
    const file = newFile()
    return Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Migrator.make({})({
          loader: Migrator.fromRecord({ "0001_request_log": requestLog }),
          table: "ledger_migrations"
        })
        yield* sql`INSERT INTO request_open VALUES
          (${id(1)}, ${noon + 1}, NULL, NULL, 'chat.completions', 'fast', 'openai', 'gpt-4o-mini', 0)`
      }).pipe(Effect.provide(SqliteClient.layer({ filename: file })))
      yield* Effect.gen(function* () {
        const ledger = yield* Ledger
        const { requests } = yield* ledger.requests({})
        assert.deepStrictEqual(
          requests.map((row) => [row.id, row.status, row.estimated, row.saved_usd]),
          [[id(1), "interrupted", false, null]]
        )
        assert.strictEqual(yield* statusOf(1), "interrupted")
      }).pipe(Effect.provide(openFile(file)))
    })
  })
})
