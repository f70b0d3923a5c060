/**
 * A process that spends from a budget: `node spender.mjs FILE REQUESTS PARALLEL PRICE LIMIT`. It holds three times the
 * price for each request. Says `opened ID` when an opening is committed, `settled ID` when a settlement is, `refused`
 * when the budget has no room, and `done` at the end.
 */
import * as fs from "node:fs"
import * as Budgets from "../../packages/gateway/dist/budgets/Budgets.js"
import { Ledger } from "../../packages/gateway/dist/ledger/Ledger.js"
import * as LedgerSqlite from "../../packages/gateway/dist/ledger/LedgerSqlite.js"
import * as PriceBook from "../../packages/gateway/dist/ledger/PriceBook.js"
import * as RequestId from "../../packages/gateway/dist/RequestId.js"
import * as Settings from "../../packages/gateway/dist/Settings.js"
import { PenstockConfig } from "../../packages/schema/dist/config/PenstockConfig.js"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const [file, ...numbers] = process.argv.slice(2)
const [requests, parallel, price, limit] = numbers.map(Number)

/** Written at once, so that what was said was said even if the process is killed right after. */
const say = (line) => Effect.sync(() => fs.writeSync(1, `${line}\n`))

const target = { provider: "mock", model: "m" }
const holds = [{ budget: { scope: "gateway", limit, per: "total" }, amount: 3 * price }]

const one = Effect.gen(function* () {
  const budgets = yield* Budgets.Budgets
  const ledger = yield* Ledger
  const startedAt = yield* Clock.currentTimeMillis
  const id = RequestId.at(startedAt)
  const opening = { id, startedAt, ...target, key: null, workflowName: null, endpoint: "chat.completions", holds }
  const settlement = {
    id,
    ...target,
    status: "ok",
    usage: null,
    estimated: false,
    cost: price,
    saved: null,
    error: null
  }
  const attempt = { ...target, outcome: "error", reason: "server", upstreamStatus: 500, usage: null, cost: null }
  const times = { startedAt, latencyMillis: 1, firstTokenMillis: null }
  yield* Effect.acquireUseRelease(
    budgets.open({ ...opening, requestedModel: "m", stream: false }),
    () => Effect.zipRight(say(`opened ${id}`), Effect.sleep("3 millis")),
    () =>
      ledger.settle({
        ...settlement,
        ...times,
        attempts: [
          { ...attempt, ...times },
          { ...attempt, ...times, outcome: "ok" }
        ]
      })
  )
  yield* ledger.flush
  yield* say(`settled ${id}`)
}).pipe(Effect.catchTag("GatewayError", () => say("refused")))

const config = Schema.decodeUnknownSync(PenstockConfig)({})
const layer = Budgets.layer.pipe(
  Layer.provideMerge(LedgerSqlite.layerFile(file)),
  Layer.provide(PriceBook.layer),
  Layer.provide(Settings.layer(config))
)

await Effect.forEach(Array.from({ length: requests }), () => one, { concurrency: parallel, discard: true }).pipe(
  Effect.zipRight(say("done")),
  Effect.provide(layer),
  Effect.runPromise
)
