/** Every request is in the ledger, with what it used and what it cost, whatever became of it. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Sqlite from "./support/Sqlite.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start(
    `pricing: { overrides: { "mock/dear": { input: 10, output: 30.5 }, "mock/tiny": { input: 0.0001, output: 0.001 } } }\n`
  )
})
afterAll(() => lab.close())

const messages = [{ role: "user", content: "hello" }]
const idOf = (answer: Raw.Answer) => String(answer.headers["x-request-id"])
const ask = async (model: string, said: Wire.Said = {}, stream = false) => {
  lab.upstreams.mock.next(Lab.says(said))
  const answer = await Raw.chat(lab.penstock.url, { model, messages, ...(stream && { stream }) })
  assert.strictEqual(answer.status, 200, answer.body)
  return { answer, row: await Lab.row(lab.penstock, idOf(answer)) }
}

describe("a row", () => {
  const said = { inputTokens: 100, cachedTokens: 60, outputTokens: 50, reasoningTokens: 20 }
  // 40 × 150 + 60 × 75 + 50 × 600 nano-dollars.
  const cost = 40_500

  it("has tokens, the exact cost and the latency, the same whole and streamed", async () => {
    for (const stream of [false, true]) {
      const before = new Date().toISOString()
      const { answer, row } = await ask("fast", said, stream)
      assert.deepInclude(row, {
        requested_model: "fast",
        model: "upstream-model",
        provider: "mock",
        stream,
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        cache_read_tokens: 60,
        reasoning_tokens: 20,
        cost_nanousd: cost,
        cost_usd: cost / 1e9,
        attempts: 1,
        success: true,
        status: "ok",
        error: null,
        key_name: null
      })
      assert.isAtLeast(row.latency_ms ?? -1, stream ? (row.first_token_ms ?? Infinity) : 0)
      assert.isTrue(row.timestamp >= before && row.timestamp <= new Date().toISOString())
      const told = stream
        ? /: x-penstock-cost-usd: ([\d.]+)\n\n$/.exec(answer.body)?.[1]
        : answer.headers["x-penstock-cost-usd"]
      assert.strictEqual(told, "0.0000405")
    }
  })

  it("is charged by the price that is nearest: the override, else the provider's", async () => {
    assert.strictEqual((await ask("mock/dear", said)).row.cost_nanousd, 100 * 10_000 + 50 * 30_500)
    // A thousandth of a nano-dollar is rounded once, at the end: 100 × 0.1 + 50 × 1.
    assert.strictEqual((await ask("mock/tiny", said)).row.cost_nanousd, 60)
  })

  it("has no cost, and not the cost 0, when the price or the usage is unknown", async () => {
    const { answer, row } = await ask("unpriced/m", said)
    assert.deepStrictEqual([row.cost_nanousd, row.cost_usd, row.total_tokens], [null, null, 150])
    assert.isUndefined(answer.headers["x-penstock-cost-usd"])
    const { usage: _, ...silent } = Wire.openaiCompletion()
    lab.upstreams.mock.next({ body: silent })
    const untold = await Lab.row(lab.penstock, idOf(await Raw.chat(lab.penstock.url, { model: "fast", messages })))
    assert.deepStrictEqual([untold.status, untold.total_tokens, untold.cost_nanousd], ["ok", null, null])
  })

  it("costs 0 for what runs here: Ollama and the demo", async () => {
    for (const model of ["llama3.2", "demo/echo"]) {
      const answer = await Raw.chat(lab.penstock.url, { model, messages })
      assert.strictEqual((await Lab.row(lab.penstock, idOf(answer))).cost_nanousd, 0)
    }
  })

  it("is charged from the price list for a model that everybody knows", async () => {
    lab.upstreams.anthropic.next(Lab.says({ inputTokens: 1000, outputTokens: 100 }))
    const answer = await Raw.chat(lab.penstock.url, { model: "claude-sonnet-4-5", messages })
    // 3 and 15 USD per million tokens.
    assert.strictEqual((await Lab.row(lab.penstock, idOf(answer))).cost_nanousd, 1000 * 3000 + 100 * 15_000)
  })

  it("is partial when the caller leaves, with the usage so far; the provider is aborted", async () => {
    const gate = Upstream.gate()
    const frames = Wire.anthropicStream({ inputTokens: 30, outputTokens: 9 })
    lab.upstreams.anthropic.next(Upstream.eventStream(...frames.slice(0, 5), gate.opened, ...frames.slice(5)))
    const controller = new AbortController()
    const response = await fetch(`${lab.penstock.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "claude-sonnet-4-5", messages, stream: true }),
      signal: controller.signal
    })
    await response.body!.getReader().read()
    controller.abort()
    await lab.upstreams.anthropic.nextAbort()
    gate.open()
    const row = await Lab.row(lab.penstock, response.headers.get("x-request-id"))
    assert.deepInclude(row, { status: "partial", success: false, prompt_tokens: 30, error: null })
    assert.isAbove(row.cost_nanousd ?? 0, 0)
  })

  it("is partial when the caller leaves while it waits for a whole answer", async () => {
    lab.upstreams.mock.next({ silent: true })
    const controller = new AbortController()
    const sending = Raw.send(`${lab.penstock.url}/v1/chat/completions`, {
      body: { model: "mock/left-waiting", messages },
      signal: controller.signal
    }).catch(() => null)
    while ((await lab.upstreams.mock.nextRequest()).json.model !== "left-waiting");
    const open = (await Lab.rows(lab.penstock)).find((each) => each.model === "left-waiting")
    assert.strictEqual(open?.status, "open")
    controller.abort()
    await sending
    assert.strictEqual((await lab.upstreams.mock.nextAbort()).json.model, "left-waiting")
    assert.strictEqual((await Lab.row(lab.penstock, open!.id)).status, "partial")
  })
})

describe("the database", () => {
  it("answers the sum by model with plain SQL while the server runs", async () => {
    await ask("mock/dear", { inputTokens: 1, outputTokens: 1 })
    interface Sum {
      readonly model: string
      readonly cost: number | null
      readonly count: number
    }
    const sums = Sqlite.query<Sum>(
      lab.penstock.database,
      "SELECT model, SUM(cost_usd) AS cost, COUNT(*) AS count FROM requests GROUP BY model"
    )
    const all = await Lab.rows(lab.penstock)
    for (const { cost, count, model } of sums) {
      const mine = all.filter((row) => row.model === model)
      assert.strictEqual(count, mine.length)
      const known = mine.flatMap((row) => (row.cost_nanousd === null ? [] : [row.cost_nanousd]))
      if (known.length === 0) assert.isNull(cost)
      else assert.closeTo(cost ?? NaN, known.reduce((sum, each) => sum + each, 0) / 1e9, 1e-12)
    }
    assert.strictEqual(
      sums.reduce((sum, { count }) => sum + count, 0),
      all.length
    )
    const columns =
      "id, timestamp, workflow_name, model, provider, prompt_tokens, completion_tokens, total_tokens, cache_read_tokens, cost_usd, cost_nanousd, latency_ms, success, status, error"
    assert.isNotEmpty(Sqlite.query(lab.penstock.database, `SELECT ${columns} FROM requests`))
  })

  it("holds neither a provider's key nor what was said", () => {
    const bytes = ["", "-wal"]
      .map((suffix) => lab.penstock.database + suffix)
      .filter((file) => fs.existsSync(file))
      .map((file) => fs.readFileSync(file, "latin1"))
      .join("")
    assert.include(bytes, "upstream-model")
    for (const secret of ["mock-secret-key", "anthropic-secret-key", "Hello from upstream"]) {
      assert.notInclude(bytes, secret)
    }
  })
})

const get = (path: string, headers = {}) => Raw.send(lab.penstock.url + path, { headers })

describe("GET /v1/requests", () => {
  it("filters by model, provider and status, newest first", async () => {
    for (const [query, holds] of [
      ["model=dear", (row: Lab.Row) => row.model === "dear"],
      ["provider=mock", (row: Lab.Row) => row.provider === "mock"],
      ["status=partial", (row: Lab.Row) => row.status === "partial"],
      ["provider=mock&status=ok", (row: Lab.Row) => row.provider === "mock" && row.status === "ok"]
    ] as const) {
      const [found, all] = [await Lab.rows(lab.penstock, `${query}&limit=1000`), await Lab.rows(lab.penstock)]
      assert.isNotEmpty(found, query)
      assert.deepStrictEqual(
        found.map((row) => row.id),
        all.filter(holds).map((row) => row.id)
      )
    }
    const times = (await Lab.rows(lab.penstock)).map((row) => row.timestamp)
    assert.deepStrictEqual(times, times.toSorted().toReversed())
    assert.isEmpty(await Lab.rows(lab.penstock, "from=2999-01-01"))
    assert.isEmpty(await Lab.rows(lab.penstock, "to=2001-01-01"))
  })

  it("pages without losing or repeating a row, though new ones arrive", async () => {
    const all = await Lab.rows(lab.penstock)
    const seen: Array<string> = []
    let path: string | undefined = "/v1/requests?limit=2"
    while (path !== undefined) {
      const page: Raw.Answer = await get(path)
      seen.push(...page.json.requests.map((row: Lab.Row) => row.id))
      await ask("mock/between-pages")
      path = /^<([^>]+)>; rel="next"$/.exec(String(page.headers.link ?? ""))?.[1]
      assert.strictEqual(path === undefined, page.json.next === null)
    }
    assert.deepStrictEqual(
      seen,
      all.map((row) => row.id)
    )
  })

  it("is CSV for whoever wants it, with every row", async () => {
    const count = (await Lab.rows(lab.penstock)).length
    for (const answer of [await get("/v1/requests?format=csv"), await get("/v1/requests", { accept: "text/csv" })]) {
      assert.match(String(answer.headers["content-type"]), /^text\/csv/)
      const lines = answer.body.trimEnd().split("\r\n")
      assert.strictEqual(lines.length, count + 1)
      assert.include(lines[0], "id,timestamp,")
      assert.include(answer.body, "0.0000405")
    }
  })

  it("refuses what it does not know, and says what it takes", async () => {
    for (const [query, param] of [
      ["limit=0", "limit"],
      ["limit=many", "limit"],
      ["status=fine", "status"],
      ["from=yesterday", "from"],
      ["cursor=abc", "cursor"],
      ["modell=x", "modell"]
    ] as const) {
      const answer = await get(`/v1/requests?${query}`)
      assert.deepStrictEqual([answer.status, answer.json.error.param], [400, param])
      assert.isAbove(answer.json.error.message.length, 20)
    }
  })
})

describe("GET /v1/costs", () => {
  it("sums what the rows say, by each dimension and by several", async () => {
    const settled = (await Lab.rows(lab.penstock)).filter((row) => row.status !== "open")
    const nano = (rows: ReadonlyArray<Lab.Row>) => rows.reduce((sum, row) => sum + (row.cost_nanousd ?? 0), 0)
    for (const by of [["model"], ["provider"], ["day"], ["provider", "model", "day"]] as const) {
      const { json } = await get(`/v1/costs?by=${by.join(",")}`)
      assert.strictEqual(json.total.requests, settled.length)
      assert.strictEqual(json.total.cost_nanousd, nano(settled))
      for (const cost of json.costs) {
        const mine = settled.filter((row) =>
          by.every(
            (dimension) => cost[dimension] === (dimension === "day" ? row.timestamp.slice(0, 10) : row[dimension])
          )
        )
        assert.deepStrictEqual([cost.requests, cost.cost_nanousd], [mine.length, nano(mine)])
        assert.strictEqual(cost.unpriced, mine.filter((row) => row.cost_nanousd === null).length)
      }
    }
  })

  it("says what the same tokens would have cost on a baseline", async () => {
    const { json } = await get("/v1/costs?by=model&baseline=mock/dear")
    const cheap = json.costs.find((row: { model: string }) => row.model === "tiny")
    const nano = cheap.prompt_tokens * 10_000 + cheap.completion_tokens * 30_500
    assert.closeTo(cheap.baseline_usd, nano / 1e9, 1e-12)
    assert.closeTo(cheap.saved_usd, (nano - cheap.cost_nanousd) / 1e9, 1e-12)
    assert.strictEqual((await get("/v1/costs?baseline=unpriced/m")).json.error.param, "baseline")
  })
})

describe("a process that is killed", () => {
  it("leaves its open rows as interrupted to the next start, and the settled ones as they were", async () => {
    const cwd = Penstock.temporaryFolder()
    const upstream = await Upstream.start()
    const config = Lab.config(upstream.url)
    try {
      const first = await Penstock.start({ cwd, config })
      const done = await Raw.chat(first.url, { model: "fast", messages })
      const settled = await Lab.row(first, idOf(done))
      upstream.next(Upstream.eventStream(...Wire.openaiStream().slice(0, 2), Upstream.hang))
      const response = await fetch(`${first.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "fast", messages, stream: true })
      })
      await response.body!.getReader().read()
      assert.deepStrictEqual(await first.stop("SIGKILL"), { code: null, signal: "SIGKILL" })
      await upstream.nextAbort()

      const second = await Penstock.start({ cwd, config })
      const cut = await Lab.row(second, response.headers.get("x-request-id"))
      assert.deepInclude(cut, { status: "interrupted", success: false, cost_nanousd: null, model: "upstream-model" })
      assert.deepStrictEqual(await Lab.row(second, idOf(done)), settled)
      assert.strictEqual((await Lab.rows(second)).length, 2)
      assert.strictEqual((await second.stop()).code, 0)
    } finally {
      await upstream.close()
      fs.rmSync(cwd, { recursive: true, force: true })
    }
  })
})
