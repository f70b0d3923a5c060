/** The law of budgets over two ledgers on one file, each of which may end at any time and start again. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as LedgerSqlite from "@penstock/gateway/ledger/LedgerSqlite"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { anyBudgets, assertAgrees, newModel, step, take } from "./BudgetLaw.ts"
import { prices } from "./Fixtures.ts"

const folder = mkdtempSync(join(tmpdir(), "penstock-restarts-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const start = (file: string) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const layer = LedgerSqlite.layerFile(file).pipe(Layer.provide(prices()))
    return { ledger: Context.get(yield* Layer.buildWithScope(Layer.fresh(layer), scope), Ledger), scope }
  })

const anyStep = fc.oneof(
  { weight: 8, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), which: fc.nat({ max: 1 }) }) }
)

describe("budgets of two ledgers on one file", () => {
  it("are what was settled and what is open, whichever ends and starts again in between", async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(anyBudgets, fc.array(anyStep, { maxLength: 40 }), (budgets, steps) =>
        Effect.gen(function* () {
          const file = join(folder, `${runs++}.db`)
          const model = newModel(budgets)
          const running = [yield* start(file), yield* start(file)]
          const flushed = Effect.forEach(running, ({ ledger }) => ledger.flush)
          for (const one of [...steps, { kind: "flush" } as const]) {
            if (one.kind === "restart") {
              // What is open then has nobody to settle it: the next start does.
              yield* Scope.close(running[one.which]!.scope, Exit.void)
              running[one.which] = yield* start(file)
              for (const number of model.open.keys()) if (number % 2 === one.which) model.open.delete(number)
              yield* Effect.zipRight(flushed, assertAgrees(model)).pipe(
                Effect.provideService(Ledger, running[0]!.ledger)
              )
              continue
            }
            // Each request is one ledger's; what one has queued, the other does not see yet.
            yield* flushed
            const { ledger } = running[one.kind === "flush" ? 0 : one.number % 2]!
            yield* Effect.provideService(take(model, one), Ledger, ledger)
          }
          yield* Effect.forEach(running, ({ scope }) => Scope.close(scope, Exit.void))
        }).pipe(Effect.runPromise)
      ),
      { numRuns: 25 }
    )
    assert.isAtLeast(runs, 25)
  })
})
