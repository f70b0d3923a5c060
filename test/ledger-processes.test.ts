/** Several processes spend from one budget in one file, and some are killed. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Penstock from "./support/Penstock.ts"
import * as Sqlite from "./support/Sqlite.ts"

const folder = Penstock.temporaryFolder()
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

const script = path.join(import.meta.dirname, "support/spender.mjs")
const price = 1_000_000

interface Spender {
  /** Everything that it said. */
  readonly said: ReadonlyArray<string>
  readonly ended: Promise<{ readonly code: number | null; readonly errors: string }>
  /** Settles with its first word. */
  readonly spoke: Promise<void>
  readonly kill: () => void
}

const spender = (file: string, requests: number, parallel: number, limit: number): Spender => {
  const child = spawn(process.execPath, [script, file, ...[requests, parallel, price, limit].map(String)], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  const said: Array<string> = []
  let rest = ""
  let errors = ""
  const spoke = new Promise<void>((resolve) => {
    child.stdout.once("data", () => resolve())
    child.once("close", () => resolve())
  })
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    said.push(...lines)
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text))
  const ended = new Promise<{ readonly code: number | null; readonly errors: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, errors }))
  )
  return { said, ended, spoke, kill: () => void child.kill("SIGKILL") }
}

interface Sum {
  readonly spent: number
  readonly reserved: number
}
const sumOf = (file: string): Sum =>
  Sqlite.query<Sum>(file, "SELECT spent, reserved FROM budget_window")[0] ?? { spent: 0, reserved: 0 }

const idsOf = (spenders: ReadonlyArray<Spender>, word: string) =>
  spenders.flatMap(({ said }) =>
    said.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  )

describe("processes that share a ledger", () => {
  it("never exceed a budget together, and use it up", async () => {
    const file = path.join(folder, "shared.db")
    const limit = 100 * price
    const spenders = [1, 2, 3].map(() => spender(file, 60, 12, limit))
    const all = Promise.all(spenders.map(({ ended }) => ended))
    await Promise.all(spenders.map(({ spoke }) => spoke))
    let looks = 0
    const isRunning = () => Promise.race([all.then(() => false), sleep(5).then(() => true)])
    while (await isRunning()) {
      const { reserved, spent } = sumOf(file)
      assert.isAtMost(spent + reserved, limit)
      looks++
    }
    for (const { code, errors } of await all) assert.strictEqual(code, 0, errors)
    assert.isAbove(looks, 3)
    const settled = idsOf(spenders, "settled").length
    const { reserved, spent } = sumOf(file)
    assert.deepStrictEqual([spent, reserved], [settled * price, 0])
    assert.isAtMost(spent, limit)
    assert.isAbove(spent, 0.9 * limit)
    const refused = spenders.flatMap(({ said }) => said.filter((line) => line === "refused")).length
    assert.strictEqual(settled + refused, 180)
    assert.deepStrictEqual(Sqlite.query(file, "SELECT status, COUNT(*) AS n FROM requests GROUP BY status"), [
      { status: "ok", n: settled }
    ])
    assert.deepStrictEqual(Sqlite.query(file, "SELECT * FROM ledger_process"), [])
  })

  it("lose nothing, bill nothing twice and leave nothing reserved when they are killed twenty times", async () => {
    const file = path.join(folder, "killed.db")
    const limit = 1_000_000 * price
    const killed: Array<Spender> = []
    // Two at a time, so that each is started and killed beside a living one.
    const lane = async (lane: number) => {
      for (let round = 0; round < 10; round++) {
        const one = spender(file, 1_000_000, 8, limit)
        killed.push(one)
        await one.spoke
        await sleep((lane * 53 + round * 37) % 150)
        one.kill()
        const { code, errors } = await one.ended
        assert.isNull(code, errors)
      }
    }
    await Promise.all([lane(0), lane(1)])
    const last = spender(file, 1, 1, limit)
    assert.strictEqual((await last.ended).code, 0)

    const opened = idsOf([...killed, last], "opened")
    assert.isAbove(opened.length, 100)
    const rows = Sqlite.query<{ id: string; status: string; cost_nanousd: number | null }>(
      file,
      "SELECT id, status, cost_nanousd FROM requests"
    )
    const byId = new Map(rows.map((row) => [row.id, row]))
    assert.strictEqual(byId.size, rows.length)
    for (const id of opened) assert.isTrue(byId.has(id), id)
    for (const id of idsOf(killed, "settled")) assert.strictEqual(byId.get(id)?.status, "ok")
    for (const row of rows) {
      assert.include(["ok", "interrupted"], row.status)
      assert.strictEqual(row.cost_nanousd, row.status === "ok" ? price : null)
    }
    const paid = rows.filter((row) => row.status === "ok").length
    assert.isBelow(paid, rows.length)
    assert.deepStrictEqual(sumOf(file), { spent: paid * price, reserved: 0 })
    const [daily] = Sqlite.query(file, "SELECT SUM(requests) AS requests, SUM(cost) AS cost FROM usage_daily")
    assert.deepStrictEqual(daily, { requests: rows.length, cost: paid * price })
    const [attempts] = Sqlite.query(file, "SELECT COUNT(*) AS n, COUNT(DISTINCT request_id) AS requests FROM attempts")
    assert.deepStrictEqual(attempts, { n: 2 * paid, requests: paid })
  }, 90_000)
})
