import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Reactivity from "@effect/experimental/Reactivity"
import { BudgetExceeded, Ledger, LedgerError } from "@penstock/gateway/ledger/Ledger"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import { NanoDollars } from "@penstock/schema/Money"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { conforms } from "./conformance.ts"
import { attempt, hold, id, noon, oneDay, opening, prices, setClock, settlement } from "./Fixtures.ts"

const folder = mkdtempSync(join(tmpdir(), "penstock-ledger-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `ledger-${files++}.db`)

conforms(
  "LedgerSqlite",
  Layer.suspend(() => LedgerSqlite.layerFile(newFile()))
)

const openFile = (file: string) => LedgerSqlite.layerFile(file).pipe(Layer.provide(prices()))

/** Another connection to the file, as another tool would have. */
const query = (file: string, text: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(text)).pipe(
    Effect.provide(SqliteClient.layer({ filename: file })),
    Effect.orDie
  )

describe("LedgerSqlite", () => {
  it.live("another tool reads the requests view while the gateway runs", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      for (const number of [1, 2, 3, 4]) yield* ledger.open(opening(number))
      yield* ledger.settle(settlement(1))
      yield* ledger.settle(settlement(2, { cost: NanoDollars.make(64_000) }))
      yield* ledger.settle(settlement(3, { model: "unlisted", cost: null }))
      yield* ledger.flush
      assert.deepStrictEqual(
        yield* query(
          file,
          "SELECT model, ROUND(SUM(cost_usd), 9) AS usd, COUNT(*) AS n FROM requests GROUP BY model ORDER BY model"
        ),
        [
          { model: "gpt-4o-mini", usd: 0.0001, n: 3 },
          { model: "unlisted", usd: null, n: 1 }
        ]
      )
      assert.deepStrictEqual(
        yield* query(
          file,
          `SELECT id, timestamp, workflow_name, model, provider, prompt_tokens, completion_tokens, total_tokens,
            cache_read_tokens, cost_usd, cost_nanousd, latency_ms, success, status, error FROM requests WHERE id = '${id(1)}'`
        ),
        [
          {
            id: id(1),
            timestamp: "2026-03-10T12:00:00.001Z",
            workflow_name: null,
            model: "gpt-4o-mini",
            provider: "openai",
            prompt_tokens: 120,
            completion_tokens: 35,
            total_tokens: 155,
            cache_read_tokens: 20,
            cost_usd: 0.000036,
            cost_nanousd: 36_000,
            latency_ms: 800,
            success: 1,
            status: "ok",
            error: null
          }
        ]
      )
    }).pipe(Effect.provide(openFile(file)))
  })

  it.live("requests that a dead process left open are interrupted at the next start, once, and without a cost", () => {
    const file = newFile()
    return Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1))
        yield* ledger.open(opening(2, { key: null, workflowName: "digest", startedAt: noon + oneDay }))
        yield* ledger.open(opening(3))
        yield* ledger.settle(settlement(3))
      }).pipe(Effect.provide(openFile(file)))
      for (let start = 0; start < 2; start++) {
        yield* Effect.gen(function* () {
          const ledger = yield* Ledger
          // A late settlement finds the row closed.
          yield* ledger.settle(settlement(1))
          yield* ledger.flush
          const { requests } = yield* ledger.requests({})
          assert.deepStrictEqual(
            requests.map((row) => [row.id, row.status, row.cost_nanousd, row.success]),
            [
              [id(2), "interrupted", null, false],
              [id(3), "ok", 36_000, true],
              [id(1), "interrupted", null, false]
            ]
          )
          const report = yield* ledger.costs({ by: ["workflow", "key"] })
          assert.deepInclude(report.total, { requests: 3, errors: 2, unpriced: 2, cost_nanousd: 36_000 })
          assert.deepStrictEqual(
            report.costs.map((row) => [row.workflow, row.key, row.requests, row.unpriced]),
            [
              [null, "alice", 2, 1],
              ["digest", null, 1, 1]
            ]
          )
        }).pipe(Effect.provide(openFile(file)))
      }
    })
  })

  it.live("what was queued when the ledger closes is written", () => {
    const file = newFile()
    return Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const ledger = yield* Ledger
        yield* ledger.open(opening(1))
        yield* ledger.settle(settlement(1))
      }).pipe(Effect.provide(openFile(file)))
      assert.deepStrictEqual(yield* query(file, "SELECT status FROM requests"), [{ status: "ok" }])
    })
  })

  it.live("writes wait for another connection's lock, and then go through", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      yield* Effect.scoped(
        Effect.gen(function* () {
          const other = yield* SqliteClient.make({ filename: file })
          yield* other.unsafe("BEGIN IMMEDIATE")
          const opened = yield* Effect.fork(ledger.open(opening(1)))
          yield* ledger.settle(settlement(1))
          // The ledger tries, meets the lock and waits without blocking the process.
          yield* Effect.sleep("200 millis")
          assert.isNull(opened.unsafePoll())
          yield* other.unsafe("ROLLBACK")
          yield* opened.await
        })
      ).pipe(Effect.provide(Reactivity.layer))
      yield* ledger.flush
      assert.strictEqual((yield* ledger.requests({})).requests[0]?.status, "ok")
    }).pipe(Effect.provide(openFile(file)))
  })

  it.live("a failing write fails the openings of its batch, and its settlements are logged whole", () => {
    const file = newFile()
    const logged: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (logLevel._tag === "Error") logged.push([message].flat().map(String).join(" "))
    })
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      const sql = yield* SqlClient.SqlClient
      yield* ledger.open(opening(1))
      yield* ledger.open(opening(2))
      yield* sql`CREATE TRIGGER refuse BEFORE INSERT ON request_log WHEN NEW.model = 'refused'
        BEGIN SELECT RAISE(ABORT, 'no'); END`
      const together = yield* Effect.all(
        [
          Effect.exit(ledger.open(opening(3))),
          Effect.exit(ledger.open(opening(4))),
          ledger.settle(settlement(1, { model: "refused", cost: NanoDollars.make(123_456) })),
          ledger.settle(settlement(2))
        ],
        { concurrency: "unbounded" }
      )
      for (const exit of together.slice(0, 2)) {
        assert.isTrue(Exit.isFailure(exit!) && exit.cause._tag === "Fail" && exit.cause.error instanceof LedgerError)
      }
      yield* ledger.flush
      const { requests } = yield* ledger.requests({})
      assert.deepStrictEqual(
        requests.map((row) => [row.id, row.status]),
        [
          [id(2), "ok"],
          [id(1), "open"]
        ]
      )
      assert.strictEqual(logged.length, 1)
      assert.include(logged[0], JSON.stringify(settlement(1, { model: "refused", cost: NanoDollars.make(123_456) })))
      assert.deepInclude((yield* ledger.costs({ by: [] })).total, { requests: 1, cost_nanousd: 36_000 })
      // The ledger goes on.
      yield* ledger.open(opening(5))
    }).pipe(Effect.provide(Layer.provide(openFile(file), Logger.replace(Logger.defaultLogger, logger))))
  })

  it.live("a batch that failed has changed no budget, in the file or in memory", () => {
    const logger = Logger.make(() => {})
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      const sql = yield* SqlClient.SqlClient
      yield* ledger.open(opening(1, { holds: [hold(600, 1_000)] }))
      yield* sql`CREATE TRIGGER refuse BEFORE INSERT ON request_log WHEN NEW.model = 'refused'
        BEGIN SELECT RAISE(ABORT, 'no'); END`
      // Read into memory, and then changed there by the batch that fails.
      yield* ledger.open(opening(2, { holds: [hold(100, 1_000)] }))
      yield* ledger.settle(settlement(1, { model: "refused", cost: NanoDollars.make(10) }))
      yield* ledger.flush
      assert.instanceOf(yield* Effect.flip(ledger.open(opening(3, { holds: [hold(301, 1_000)] }))), BudgetExceeded)
      yield* ledger.open(opening(4, { holds: [hold(300, 1_000)] }))
      const [{ reserved, spent } = { reserved: null, spent: null }] = yield* ledger.spending([hold(1, 1_000).budget])
      assert.deepStrictEqual([spent, reserved], [0, 1_000])
    }).pipe(Effect.provide(Layer.provide(openFile(newFile()), Logger.replace(Logger.defaultLogger, logger))))
  })

  it.live("what one ledger reserves of a budget, another on the same file cannot reserve again", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const one = yield* Ledger
      const other = Context.get(yield* Layer.build(Layer.fresh(openFile(file))), Ledger)
      yield* one.open(opening(1, { holds: [hold(300, 1_000)] }))
      yield* other.open(opening(2, { holds: [hold(300, 1_000)] }))
      yield* one.open(opening(3, { holds: [hold(300, 1_000)] }))
      for (const ledger of [one, other]) {
        const refusal = yield* Effect.flip(ledger.open(opening(4, { holds: [hold(101, 1_000)] })))
        assert.instanceOf(refusal, BudgetExceeded)
        assert.strictEqual(refusal.reserved, 900)
      }
      yield* one.settle(settlement(1, { cost: NanoDollars.make(200) }))
      yield* one.flush
      yield* other.open(opening(5, { holds: [hold(200, 1_000)] }))
    }).pipe(Effect.scoped, Effect.provide(openFile(file)))
  })

  it.live("a ledger that opens the file leaves the rows of a living one alone", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      yield* ledger.open(opening(1))
      yield* Effect.gen(function* () {
        const other = yield* Ledger
        yield* other.open(opening(9))
        yield* other.settle(settlement(9))
      }).pipe(Effect.provide(Layer.fresh(openFile(file))))
      yield* ledger.settle(settlement(1))
      yield* ledger.flush
      assert.deepInclude((yield* ledger.costs({ by: [] })).total, { requests: 2, errors: 0, cost_nanousd: 72_000 })
    }).pipe(Effect.provide(openFile(file)))
  })

  it.live("a row that another process took is not counted twice", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      const sql = yield* SqlClient.SqlClient
      yield* ledger.open(opening(1, { holds: [hold(500, 1000)] }))
      yield* ledger.open(opening(2))
      // As others do with one that stood still for too long.
      yield* sql`DELETE FROM ledger_process`
      yield* Effect.void.pipe(Effect.provide(Layer.fresh(openFile(file))))
      yield* ledger.settle(settlement(1))
      yield* Effect.all([ledger.open(opening(3)), ledger.settle(settlement(2)), ledger.settle(settlement(3))], {
        concurrency: "unbounded"
      })
      yield* ledger.flush
      const { total } = yield* ledger.costs({ by: [] })
      assert.deepInclude(total, { requests: 3, errors: 2, cost_nanousd: 36_000 })
      const budgets = yield* sql`SELECT spent, reserved FROM budget_window`
      assert.deepStrictEqual(budgets, [{ spent: 0, reserved: 0 }])
    }).pipe(Effect.provide(openFile(file)))
  })

  it.live("another tool reads every attempt, and pruning takes them with their requests", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      for (const number of [1, 2, 3]) yield* ledger.open(opening(number))
      yield* ledger.settle(settlement(1))
      yield* ledger.settle(
        settlement(2, { attempts: [attempt({ outcome: "error", reason: "server", upstreamStatus: 503 }), attempt()] })
      )
      yield* ledger.settle(settlement(3, { status: "error", cost: null, attempts: [] }))
      yield* ledger.flush
      const attempts = query(
        file,
        "SELECT request_id AS id, number, outcome, reason, status, cost_nanousd AS cost FROM attempts ORDER BY id, number"
      )
      assert.deepStrictEqual(yield* attempts, [
        { id: id(1), number: 1, outcome: "ok", reason: null, status: null, cost: 36_000 },
        { id: id(2), number: 1, outcome: "error", reason: "server", status: 503, cost: 36_000 },
        { id: id(2), number: 2, outcome: "ok", reason: null, status: null, cost: 36_000 }
      ])
      assert.strictEqual(yield* ledger.prune(noon + oneDay), 3)
      assert.deepStrictEqual(yield* attempts, [])
      assert.deepStrictEqual(yield* query(file, "SELECT * FROM request_attempt"), [])
    }).pipe(Effect.provide(openFile(file)))
  })

  it.live("pruning forgets windows that ended long ago, but the two latest of each budget and what is held", () => {
    const file = newFile()
    const clock = setClock()
    return Effect.gen(function* () {
      const ledger = yield* Ledger
      for (const day of [0, 1, 2, 3, 4]) {
        clock.now = noon + day * oneDay
        yield* ledger.open(opening(day, { holds: [hold(10, 100), hold(10, 100, { scope: "gateway", per: "total" })] }))
        if (day !== 1) yield* ledger.settle(settlement(day, { cost: NanoDollars.make(day) }))
      }
      yield* ledger.flush
      yield* ledger.prune(noon + 400 * oneDay)
      assert.deepStrictEqual(
        yield* query(
          file,
          "SELECT date(starts_at / 1000, 'unixepoch') AS day, spent, reserved FROM budget_window ORDER BY 1"
        ),
        [
          { day: "1970-01-01", spent: 9, reserved: 10 },
          { day: "2026-03-11", spent: 0, reserved: 10 },
          { day: "2026-03-13", spent: 3, reserved: 0 },
          { day: "2026-03-14", spent: 4, reserved: 0 }
        ]
      )
    }).pipe(Effect.provide(openFile(file)), Effect.withClock(clock))
  })

  it.effect("a file that cannot be opened is a LedgerError", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.provide(Ledger, LedgerSqlite.layerFile(join(folder, "absent", "x.db")).pipe(Layer.provide(prices())))
      )
      assert.instanceOf(error, LedgerError)
    })
  )

  it.live("every filter of the list follows an index", () => {
    const file = newFile()
    return Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const column of ["model", "provider", "key_name", "workflow_name"]) {
        const plan = yield* sql.unsafe<{ readonly detail: string }>(
          `EXPLAIN QUERY PLAN SELECT * FROM settled_requests WHERE ${column} = ? ORDER BY started_at DESC, id DESC LIMIT 100`,
          ["x"]
        )
        assert.match(plan[0]!.detail, new RegExp(`USING INDEX request_log_\\w+ \\(${column}=\\?\\)`))
      }
      const status = yield* sql.unsafe<{ readonly detail: string }>(
        `EXPLAIN QUERY PLAN SELECT * FROM settled_requests WHERE status = ? AND status <> 'ok' ORDER BY started_at DESC, id DESC`,
        ["error"]
      )
      assert.include(status[0]!.detail, "request_log_status")
    }).pipe(Effect.provide(openFile(file)))
  })
})
