/**
 * One server and two scripted upstreams for all rows. Each case has a model of its own, by whose name the upstreams know
 * which case a call belongs to: cases can run side by side, and no breaker of one is tripped by another.
 */
import { assert } from "@effect/vitest"
import * as Lab from "../Lab.ts"
import * as Penstock from "../Penstock.ts"
import * as Sqlite from "../Sqlite.ts"
import * as Upstream from "../Upstream.ts"
import { dialects, type Dialect, type Heard } from "./Dialects.ts"
import {
  casesOf,
  type Calls,
  type Expected,
  type Mode,
  type Place,
  type Row,
  type Scene,
  type TargetOf
} from "./Row.ts"
import { wireNames, wires, type WireName } from "./Wires.ts"

/** What a call's answer costs at each place, in nano-dollars: 12 tokens in and 5 out, as `Wire` says it. */
const costs: { readonly [P in Place]: number } = { first: 22_000, second: 220_000, refused: 0, keyless: 0 }
const pricing = { first: { input: 1, output: 2 }, second: { input: 10, output: 20 } }

/** Short times; what a row says goes before it. Without jitter, so that a wait has a lower bound. */
const policy: { readonly [section: string]: object } = {
  retry: { max: 1, delay: "20ms", factor: 2, max_delay: "1s", jitter: "none" },
  timeout: { connect: "5s", first_token: "5s", idle: "5s", total: "20s" },
  breaker: { failures: 100, window: "10s", cooldown: "500ms" }
}

/** The second target speaks another protocol than the first: what comes from there is translated anew. */
const secondOf: { readonly [W in WireName]: WireName } = { openai: "anthropic", anthropic: "ollama", ollama: "openai" }

export interface Case {
  readonly row: Row
  readonly wire: WireName
  readonly mode: Mode
  readonly dialect: Dialect
}

export const allCases = (rows: ReadonlyArray<Row>): ReadonlyArray<Case> =>
  rows.flatMap((row) => dialects.flatMap((dialect) => casesOf(row).map((each) => ({ row, dialect, ...each }))))

const modelOf = ({ dialect, mode, row, wire }: Case): string => `${row.id}.${wire}.${mode}.${dialects.indexOf(dialect)}`

const placeOf = (target: TargetOf): Place => (typeof target === "string" ? target : target.place)

const targetsOf = ({ targets = ["first", "second"] }: Row): ReadonlyArray<TargetOf> => targets

const providerOf = (place: Place, wire: WireName): string => `${place}-${place === "second" ? secondOf[wire] : wire}`

const modelConfig = (each: Case) => {
  const merged = Object.entries({ ...policy, ...each.row.policy }).map(([section, values]) => [
    section,
    Array.isArray(values) ? values : { ...policy[section], ...(values as object) }
  ])
  const targets = targetsOf(each.row).map((target) => ({
    model: `${providerOf(placeOf(target), each.wire)}/${modelOf(each)}`,
    ...(typeof target === "string" ? {} : { capabilities: target.capabilities })
  }))
  return [modelOf(each), { targets, ...Object.fromEntries(merged) }]
}

const config = (first: string, second: string, cases: ReadonlyArray<Case>) => {
  const providers = wireNames.flatMap((wire) => {
    const at = (url: string) => ({ protocol: wire, base_url: url + wires[wire].basePath, api_key: "secret-of-a-test" })
    return [
      [`first-${wire}`, { ...at(first), pricing: pricing.first }],
      [`second-${wire}`, { ...at(second), pricing: pricing.second }],
      // The discard port: a connection to it is refused.
      [`refused-${wire}`, at("http://127.0.0.1:9")],
      [`keyless-${wire}`, { ...at(first), api_key: "${env.UNSET_KEY}" }]
    ]
  })
  return { providers: Object.fromEntries(providers), models: Object.fromEntries(cases.map(modelConfig)) }
}

/** The calls of one model at one upstream. */
const makeCalls = () => {
  const received: Array<Upstream.Received> = []
  const scripts: Array<Upstream.Script> = []
  let standing: Upstream.Script = (request) => Upstream.ordinary(request)
  const waiting: Array<{ readonly number: number; readonly give: (call: Upstream.Received) => void }> = []
  const calls: Calls = {
    received,
    next: (...more) => void scripts.push(...more),
    always: (script) => {
      standing = script ?? ((request) => Upstream.ordinary(request))
    },
    call: (number) => {
      const known = received[number - 1]
      return known === undefined ? new Promise((give) => void waiting.push({ number, give })) : Promise.resolve(known)
    }
  }
  const answer = (request: Upstream.Received): Upstream.Answer | Promise<Upstream.Answer> => {
    received.push(request)
    for (const { give, number } of waiting) if (number === received.length) give(request)
    const script = scripts.shift() ?? standing
    return typeof script === "function" ? script(request) : script
  }
  return { calls, answer }
}

/** An upstream that answers each model as its case says, and everybody else ordinarily. */
const switchboard = async () => {
  const upstream = await Upstream.start()
  const boards = new Map<string, ReturnType<typeof makeCalls>>()
  const of = (model: string) => {
    const board = boards.get(model) ?? makeCalls()
    boards.set(model, board)
    return board
  }
  upstream.always((request) => {
    const model = request.json?.model
    return typeof model === "string" ? of(model).answer(request) : Upstream.ordinary(request)
  })
  return { url: upstream.url, close: upstream.close, calls: (model: string) => of(model).calls }
}

interface Attempt {
  readonly provider: string
  readonly outcome: string
  readonly reason: string | null
}

const attemptsOf = (penstock: Penstock.Penstock, id: string): ReadonlyArray<string> =>
  Sqlite.query<Attempt>(
    penstock.database,
    `SELECT provider, outcome, reason FROM attempts WHERE request_id = '${id}' ORDER BY number`
  ).map(({ outcome, provider, reason }) => `${provider.split("-")[0]}: ${outcome === "ok" ? "ok" : reason}`)

const within = <A>(millis: number, what: string, promise: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${millis} ms`)), millis)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** What the caller sees. */
const verifyHeard = (heard: Heard, expected: Expected): void => {
  const { error, status } = expected
  assert.strictEqual(heard.status, status, heard.body)
  assert.strictEqual(heard.error?.code, error, heard.body)
  assert.strictEqual(heard.text, expected.text ?? (error === undefined ? "Hello from upstream." : ""), heard.body)
  assert.strictEqual(heard.finish, error === undefined ? "stop" : null, heard.body)
  if (status === 200) assert.strictEqual(heard.ended, error === undefined, heard.body)
  if (error !== undefined) assert.isAbove(heard.error!.message.length, 10)
}

export const start = async (rows: ReadonlyArray<Row>) => {
  const first = await switchboard()
  const second = await switchboard()
  const close = () => Promise.all([first.close(), second.close()])
  const cases = allCases(rows)
  const penstock = await Penstock.start({ config: JSON.stringify(config(first.url, second.url, cases)) }).catch(
    async (error: unknown) => {
      await close()
      throw error
    }
  )

  const sceneOf = (each: Case): Scene => {
    const model = modelOf(each)
    const stream = each.mode === "stream"
    const calls = { first: first.calls(model), second: second.calls(model) }
    const count = () => [calls.first.received.length, calls.second.received.length]
    const before = { count: [0, 0] }
    const ask: Scene["ask"] = (signal) => {
      before.count = count()
      return each.dialect.ask({ url: penstock.url, model, stream, ...(signal === undefined ? {} : { signal }) })
    }

    const verifyHead = ({ headers }: Heard, expected: Expected): void => {
      const attempts = expected.attemptsInHead ?? expected.attempts.length
      assert.strictEqual(headers["x-penstock-attempts"], String(attempts), "x-penstock-attempts")
      const place = expected.attempts[attempts - 1]!.split(":")[0]
      const planned = placeOf(targetsOf(each.row)[0]!)
      // Whether a target that could not be called counts as the first is nobody's concern.
      if (planned === "keyless") return
      assert.strictEqual(headers["x-penstock-fallback"], place === planned ? undefined : "true", "x-penstock-fallback")
    }

    const verifyRow = async (id: string, { attempts, error }: Expected): Promise<void> => {
      const row = await Lab.row(penstock, id)
      assert.deepStrictEqual(attemptsOf(penstock, id), attempts, "the ledger's attempts")
      const place = attempts.at(-1)!.split(":")[0] as Place
      assert.deepStrictEqual(
        [row.status, row.attempts, row.provider],
        [error === undefined ? "ok" : "error", attempts.length, providerOf(place, each.wire)],
        "the ledger's row"
      )
      // An attempt that was broken off is billed as far as its provider said what it cost.
      if (error === undefined) assert.isAtLeast(row.cost_nanousd!, costs[place], "the row's cost")
      else assert.include(row.error, ": ")
    }

    const verifyUpstreams = async ({ attempts }: Expected): Promise<void> => {
      const made = count().map((calls, at) => calls - before.count[at]!)
      const expected = (["first", "second"] as const).map(
        (place) => attempts.filter((attempt) => attempt.startsWith(`${place}:`)).length
      )
      assert.deepStrictEqual(made, expected, "calls to the first and the second upstream")
      const open = [...calls.first.received, ...calls.second.received].map(({ over }) => over)
      await within(5000, "every connection to an upstream is over", Promise.all(open))
    }

    return {
      wire: wires[each.wire],
      second: wires[secondOf[each.wire]],
      stream,
      calls,
      ask,
      verify: async (heard, expected) => {
        verifyHeard(heard, expected)
        if (heard.status === 200) verifyHead(heard, expected)
        await verifyUpstreams(expected)
        await verifyRow(String(heard.headers["x-request-id"]), expected)
      },
      lastRow: async () => {
        const found = (await Lab.rows(penstock)).find((row) => row.requested_model === model)
        return Lab.row(penstock, found?.id ?? null)
      }
    }
  }

  return {
    sceneOf,
    close: async () => {
      await close()
      await penstock.stop()
    }
  }
}
