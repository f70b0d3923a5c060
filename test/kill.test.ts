/** The process ends at any moment: no row is lost, none is billed twice, and nothing stays open or reserved. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Sqlite from "./support/Sqlite.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

const KILLS = 50
/** For a machine that is slow or busy; a fair one is done in one minute. */
const LIMIT_MILLIS = 240_000
const CLIENTS = 8
/** Within this time of its end the row of an answer is settled; generous, for a busy machine. */
const COMMIT_MILLIS = 150
const ADMIN = "admin-key-of-a-test"

/** A price of 10,000 nano-dollars for each answer. */
const said: Wire.Said = { inputTokens: 2, outputTokens: 4 }
const PRICE_NANO = 10_000

const config = (upstream: string) => `server: { auth: keys }
providers:
  mock: { protocol: openai, base_url: "${upstream}/v1", api_key: mock-secret-key, pricing: { input: 1, output: 2 } }
keys: [{ name: alice, key: key-of-alice, budget: { usd: 100, per: total } }]
`

/** Mulberry32: the same moments in every run. */
const seeded = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** A stream takes a while, so that a kill finds some in their middle. */
const answer: Upstream.Script = (request) =>
  request.json.stream === true
    ? Upstream.eventStream(...Wire.openaiStream(said, true).flatMap((frame) => [frame, 3]))
    : Upstream.ordinary(request, said)

let upstream: Upstream.Upstream
const cwd = Penstock.temporaryFolder()
const start = () => Penstock.start({ cwd, config: config(upstream.url), env: { PENSTOCK_ADMIN_KEY: ADMIN } })
beforeAll(async () => {
  upstream = await Upstream.start()
  upstream.always(answer)
})
afterAll(async () => {
  await upstream?.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

/** What came of a request, by the name of its model, which no other request has. */
const answers = new Map<string, { readonly whole: boolean; readonly endedAt: number }>()

const isWhole = ({ body, complete, status }: Raw.Answer): boolean =>
  complete && status === 200 && (body.endsWith("data: [DONE]\n\n") || body.endsWith("}") || body.includes("[DONE]"))

const request = async (server: Penstock.Penstock, number: number): Promise<void> => {
  const model = `mock/m-${number}`
  const body = { model, max_tokens: 16, messages: [{ role: "user", content: "hello" }], stream: number % 2 === 0 }
  try {
    const answered = await Raw.chat(server.url, body, { authorization: "Bearer key-of-alice" })
    answers.set(model, { whole: isWhole(answered), endedAt: performance.now() })
  } catch {
    answers.set(model, { whole: false, endedAt: performance.now() })
    // A server that is gone refuses quickly.
    await pause(5)
  }
}

let asked = 0
/** Clients that ask on until they are stopped; `stopped` completes when each has the end of its last request. */
const load = (server: Penstock.Penstock) => {
  const stopping = new AbortController()
  const client = async (): Promise<void> => {
    while (!stopping.signal.aborted) await request(server, asked++)
  }
  const stopped = Promise.all(Array.from({ length: CLIENTS }, client))
  return { stop: () => stopping.abort(), stopped }
}

interface Row {
  readonly requested_model: string
  readonly status: string
  readonly cost_nanousd: number | null
}

const rows = (server: Penstock.Penstock): ReadonlyArray<Row> =>
  Sqlite.query<Row>(server.database, "SELECT requested_model, status, cost_nanousd FROM requests")

/** What holds after any start, however the process before it ended. */
const assertConsistent = async (server: Penstock.Penstock): Promise<void> => {
  const [sums] = Sqlite.query<{ readonly open: number; readonly cost: number }>(
    server.database,
    "SELECT TOTAL(status = 'open') AS open, TOTAL(cost_nanousd) AS cost FROM requests"
  )
  assert.strictEqual(sums!.open, 0, "rows left open")
  const admin = { headers: { authorization: `Bearer ${ADMIN}` } }
  const { json: costs } = await Raw.send(`${server.url}/v1/costs?by=model`, admin)
  assert.strictEqual(costs.total.cost_nanousd, sums!.cost, "the daily sums and the rows")
  const budgets = await Raw.send(`${server.url}/v1/budgets`, admin)
  assert.strictEqual(budgets.status, 200, budgets.body)
  const alice = budgets.json.budgets.find((each: { readonly scope: string }) => each.scope === "key:alice")
  assert.strictEqual(alice.reserved_usd, 0, "money still reserved")
  assert.strictEqual(Math.round(alice.spent_usd * 1e9), sums!.cost, "the budget and the rows")
}

/** Every request that left traces has exactly one row, and what it was charged. Gives the rows by their model. */
const assertComplete = (server: Penstock.Penstock): ReadonlyMap<string, Row> => {
  const all = rows(server)
  const byModel = new Map(all.map((row) => [row.requested_model, row]))
  assert.strictEqual(byModel.size, all.length, "two rows for one request")
  for (const { json } of upstream.requests) assert.isTrue(byModel.has(`mock/${json.model}`), `no row of ${json.model}`)
  for (const row of all) {
    if (row.status === "ok") assert.strictEqual(row.cost_nanousd, PRICE_NANO)
    else assert.include([null, PRICE_NANO], row.cost_nanousd)
  }
  return byModel
}

describe("kill -9 at any moment", () => {
  it(
    "loses no row, bills none twice, and leaves nothing open or reserved",
    async () => {
      const random = seeded(20260)
      let kills = 0
      let inFlight = 0
      const killedAt: Array<number> = []
      while (kills < KILLS) {
        const server = await start()
        await assertConsistent(server)
        const clients = load(server)
        await pause(20 + random() * 400)
        inFlight += upstream.open()
        clients.stop()
        killedAt.push(performance.now())
        assert.strictEqual((await server.stop("SIGKILL")).signal, "SIGKILL")
        await clients.stopped
        kills++
      }
      const server = await start()
      await assertConsistent(server)
      const byModel = assertComplete(server)
      const whole = [...answers].filter(([, answer]) => answer.whole)
      // An answer's last byte and the commit of its row are not one: a kill may come between the two.
      const late = whole.filter(([model]) => byModel.get(model)!.status !== "ok")
      const interrupted = [...byModel.values()].filter(({ status }) => status === "interrupted")
      console.log(
        `${kills} kills: ${answers.size} requests, ${whole.length} answered whole (${late.length} of them killed before their row was settled), ${byModel.size} rows, ${interrupted.length} interrupted, ${inFlight} at the upstream when killed`
      )
      assert.isAbove(interrupted.length, 0, "no kill found a request on its way")
      const unsettled = late.map(([, { endedAt }]) => killedAt.find((at) => at > endedAt - COMMIT_MILLIS)! - endedAt)
      console.log(`longest from an answer's end to a kill that found its row open: ${Math.max(0, ...unsettled)} ms`)
      for (const [model] of late) assert.strictEqual(byModel.get(model)!.status, "interrupted", model)
      for (const millis of unsettled) assert.isBelow(millis, COMMIT_MILLIS, "a row was not settled in time")
      await server.stop()
    },
    LIMIT_MILLIS
  )
})

describe("SIGTERM under load", () => {
  it("answers everything that it has taken, exits with 0, and has every row settled", async () => {
    const before = answers.size
    const server = await start()
    const clients = load(server)
    await pause(200)
    const stopped = server.stop("SIGTERM")
    // Clients go on asking: from now on they are refused.
    await pause(100)
    clients.stop()
    assert.deepStrictEqual(await stopped, { code: 0, signal: null })
    await clients.stopped
    const again = await start()
    await assertConsistent(again)
    const byModel = assertComplete(again)
    const own = [...answers].slice(before)
    const taken = own.filter(([model]) => byModel.has(model))
    assert.isAbove(taken.length, 0)
    for (const [model, { whole }] of taken) {
      assert.strictEqual(byModel.get(model)!.status, "ok", model)
      assert.isTrue(whole, model)
    }
    await again.stop()
  })
})
