/** Whether the ledger kept every request of the run, and how fast it answers when it holds a million. */
import * as fs from "node:fs"
import { createRequire } from "node:module"
import { USAGE } from "./upstream.mjs"

/** The SQLite that the gateway itself uses: found from the package that depends on it. */
export const openDatabase = (file, options) => {
  const gateway = createRequire(new URL("../packages/gateway/package.json", import.meta.url))
  const Database = createRequire(gateway.resolve("@effect/sql-sqlite-node/SqliteClient"))("better-sqlite3")
  return new Database(file, options)
}

const NANODOLLARS_PER_REQUEST = USAGE.prompt_tokens * 150 + USAGE.completion_tokens * 600

/** What is wrong with the ledger after a run of `sent` requests: every one must be there, settled and priced. */
export const checkLedger = (file, sent) => {
  const database = openDatabase(file, { readonly: true })
  try {
    const rows = database.prepare("SELECT status, COUNT(*) AS count FROM requests GROUP BY status").all()
    const counts = Object.fromEntries(rows.map(({ count, status }) => [status, count]))
    const problems = []
    const unsettled = ["open", "partial", "interrupted"].some((status) => counts[status] !== undefined)
    if (counts.ok !== sent || unsettled) problems.push(`ledger: ${JSON.stringify(counts)} instead of ${sent} ok`)
    const wrong = database
      .prepare("SELECT COUNT(*) FROM requests WHERE status = 'ok' AND cost_nanousd IS NOT ?")
      .pluck()
      .get(NANODOLLARS_PER_REQUEST)
    if (wrong > 0) problems.push(`ledger: ${wrong} rows do not cost ${NANODOLLARS_PER_REQUEST} nano-dollars`)
    return problems
  } finally {
    database.close()
  }
}

const DAYS = 28
const MODELS = 24
const KEYS = 20

const BUCKETS = "input, cache_read, cache_write_5m, cache_write_1h, input_audio, output, reasoning, output_audio"

/** Scatters `i` over `0..n-1` without chance, so that each run has the same rows. */
const scatter = (salt, n) => `(((i + ${salt}) * 2654435761 >> 11) & 1048575) % ${n}`

/** Rows as traffic leaves them: in the order of time, some models asked for more than others, a few errors, a few unknown prices. */
const SEED = `
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < @rows),
scattered AS (SELECT i, MIN(${scatter(1, MODELS)}, ${scatter(7, MODELS)}) AS m, ${scatter(3, KEYS)} AS k, ${scatter(5, 1000)} AS r FROM n)
INSERT INTO request_log (
  id, started_at, key_name, workflow_name, endpoint, requested_model, provider, model, stream, status, ${BUCKETS},
  cost, latency_ms, first_token_ms, attempts, error_reason, error_message)
SELECT
  printf('req_%024d', i), @from + i * @step, 'key-' || k, NULL, 'chat.completions', 'model-' || m,
  'provider-' || (m % 4), 'model-' || m, r % 2, CASE WHEN r < 10 THEN 'error' ELSE 'ok' END,
  100 + r, r % 50, 0, 0, 0, 20 + r % 300, 0, 0,
  CASE WHEN r < 30 THEN NULL ELSE (100 + r) * 150 + (20 + r % 300) * 600 END,
  200 + r, 100 + r % 100, 1, CASE WHEN r < 10 THEN 'server' END, CASE WHEN r < 10 THEN 'overloaded' END
FROM scattered`

const sums = (columns) => columns.map((column) => `TOTAL(${column})`)

const ROLL_UP = `
INSERT INTO usage_daily (day, provider, model, key_name, workflow_name, priced, requests, errors, ${BUCKETS}, cost)
SELECT
  date(started_at / 1000, 'unixepoch'), provider, model, COALESCE(key_name, ''), COALESCE(workflow_name, ''),
  cost IS NOT NULL, COUNT(*), SUM(status = 'error'),
  ${[...sums(BUCKETS.split(", ")), "TOTAL(cost)"].map((sum) => `CAST(${sum} AS INTEGER)`).join(", ")}
FROM request_log GROUP BY 1, 2, 3, 4, 5, 6`

const seed = (file, rows) => {
  const database = openDatabase(file)
  try {
    database.pragma("synchronous = OFF")
    const span = (DAYS - 1) * 86_400_000
    const step = Math.floor(span / rows)
    database.transaction(() => {
      database.prepare(SEED).run({ rows, step, from: Date.now() - rows * step })
      database.prepare(ROLL_UP).run()
    })()
    database.pragma("wal_checkpoint(TRUNCATE)")
    return database.prepare("SELECT COUNT(*) AS requests, SUM(cost) AS cost FROM request_log").get()
  } finally {
    database.close()
  }
}

/** Asks `repeats` times over HTTP and gives the milliseconds of each, the body read to its end. */
const timed = async (url, headers, repeats) => {
  const millis = []
  let body
  for (let index = 0; index < repeats; index++) {
    const start = performance.now()
    const response = await fetch(url, { headers })
    const text = await response.text()
    millis.push(performance.now() - start)
    if (response.status !== 200) throw new Error(`${url} answers ${response.status}: ${text.slice(0, 500)}`)
    body = JSON.parse(text)
  }
  return { millis, body }
}

/** Seeds a ledger that Penstock has made, and asks a Penstock that runs on it. */
export const measureLedger = async ({ start, headers, rows, repeats }) => {
  const empty = await start()
  await empty.stop()
  const began = performance.now()
  const seeded = seed(empty.database, rows)
  const seedSeconds = (performance.now() - began) / 1000
  const running = await start()
  try {
    const url = `http://127.0.0.1:${running.port}`
    const costs = await timed(`${url}/v1/costs?by=model,day`, headers, repeats)
    const requests = await timed(`${url}/v1/requests?limit=100`, headers, repeats)
    const problems = []
    const { total } = costs.body
    if (total?.requests !== seeded.requests || total?.cost_nanousd !== seeded.cost) {
      problems.push(`costs: a total of ${JSON.stringify(total)} instead of ${JSON.stringify(seeded)}`)
    }
    const groups = costs.body.costs?.reduce((sum, group) => sum + group.requests, 0)
    if (groups !== seeded.requests) problems.push(`costs: the groups have ${groups} requests`)
    const newest = requests.body.requests
    if (newest?.length !== 100 || newest[0].timestamp < newest[99].timestamp) {
      problems.push("requests: not the 100 newest")
    }
    const megabytes = fs.statSync(empty.database).size / 2 ** 20
    return {
      seedSeconds,
      costs: costs.millis,
      requests: requests.millis,
      problems,
      megabytes,
      days: DAYS,
      models: MODELS
    }
  } finally {
    await running.stop()
  }
}
