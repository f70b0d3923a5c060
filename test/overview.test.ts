/** What the dashboard's first page asks of a server that has just started on a day of a million requests. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Sqlite from "./support/Sqlite.ts"

const rows = 1_000_000
/** 86 ms apart, up to now: a little less than a day. */
const step = 86

const seed = (now: number) => `
  PRAGMA synchronous = OFF;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
  INSERT INTO request_log (id, started_at, key_name, endpoint, requested_model, provider, model, stream, status, input,
    output, cost, latency_ms, attempts)
  SELECT printf('req_%024d', i), ${now - rows * step} + i * ${step}, 'key-' || (i % 20), 'chat.completions',
    'model-' || (i % 24), 'provider-' || (i % 4), 'model-' || (i % 24), 0, CASE WHEN i % 100 = 0 THEN 'error' ELSE 'ok' END,
    100, 20, CASE WHEN i % 50 = 0 THEN NULL ELSE 27000 END, 200 + i % 1000, 1 FROM n;
  INSERT INTO usage_daily (day, provider, model, key_name, workflow_name, priced, requests, errors, input, cache_read,
    cache_write_5m, cache_write_1h, input_audio, output, reasoning, output_audio, cost)
  SELECT date(started_at / 1000, 'unixepoch'), provider, model, key_name, '', cost IS NOT NULL, COUNT(*),
    SUM(status = 'error'), SUM(input), 0, 0, 0, 0, SUM(output), 0, 0, coalesce(SUM(cost), 0)
  FROM request_log GROUP BY 1, 2, 3, 4, 6;`

let penstock: Penstock.Penstock
let folder: string

beforeAll(async () => {
  folder = Penstock.temporaryFolder()
  const empty = await Penstock.start({ cwd: folder })
  await empty.stop()
  Sqlite.execute(empty.database, seed(Date.now()))
  penstock = await Penstock.start({ cwd: folder })
}, 120_000)

afterAll(async () => {
  await penstock.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

const ask = async (path: string) => {
  const began = performance.now()
  const { json, status } = await Raw.send(`${penstock.url}${path}`)
  assert.strictEqual(status, 200, path)
  return { json, millis: performance.now() - began }
}

const countSince = (from: string): number => {
  const [counted] = Sqlite.query<{ readonly count: number }>(
    penstock.database,
    `SELECT COUNT(*) AS count FROM request_log WHERE started_at >= ${Date.parse(from)}`
  )
  return counted?.count ?? 0
}

describe("a million requests of one day", () => {
  it("are summed for the overview as soon as it is opened, and whole when the day is asked for", async () => {
    const day = new Date().toISOString().slice(0, 10)
    const hour = await ask("/v1/traffic?minutes=60")
    const others = await Promise.all(
      ["/v1/budgets", "/ready", `/v1/costs?by=model&from=${day}&to=${day}`, "/v1/requests?limit=50"].map(ask)
    )
    const whole = await ask("/v1/traffic?minutes=1440")
    const again = await ask("/v1/traffic?minutes=1440")
    const millis = [hour, ...others, whole, again].map((answer) => Math.round(answer.millis))
    process.stdout.write(`hour, budgets, ready, costs, requests, day, day again: ${millis.join(", ")} ms\n`)

    const { from, total } = hour.json
    assert.strictEqual(total.requests, countSince(from))
    assert.closeTo(total.errors, total.requests / 100, 1)
    assert.closeTo(total.unpriced, total.requests / 50, 1)
    assert.closeTo(total.p50_ms, 700, 70)
    assert.strictEqual(whole.json.total.requests, countSince(whole.json.from))
    assert.deepStrictEqual(again.json.total, whole.json.total)
    assert.isAtLeast(whole.json.total.requests, rows * 0.99)
    assert.isBelow(hour.millis, 2000)
    assert.isBelow(again.millis, 2000)
  })
})
