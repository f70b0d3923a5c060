import { assert, describe, it } from "@effect/vitest"
import { Ledger, LedgerError, type Service as LedgerService } from "@penstock/gateway/ledger/Ledger"
import { RequestPage, RequestRow } from "@penstock/schema/LedgerEntry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type Answer, record, start } from "./harness.ts"

const withRows = (count: number, more?: Parameters<typeof record>[2]) =>
  Effect.gen(function* () {
    const plane = yield* start()
    yield* record(Context.get(plane.context, Ledger), count, more)
    return plane
  })

const ids = (json: { requests: ReadonlyArray<{ id: string }> }) =>
  json.requests.map(({ id }) => Number(`0x${id.slice(4)}`))

describe("GET /v1/requests/{id}", () => {
  it.scoped("gives a request with its attempts, and helps who asks for one that is not there", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(2)
      const { json } = yield* ask("/v1/requests")
      const found = yield* ask(`/v1/requests/${json.requests[1].id}`)
      assert.strictEqual(found.status, 200)
      assert.deepStrictEqual(found.json, { request: json.requests[1], attempts: [] })
      const absent = yield* ask("/v1/requests/req_nothing")
      assert.strictEqual(absent.status, 404)
      assert.include(absent.json.error.message, "req_nothing")
      assert.strictEqual((yield* ask(`/v1/requests/${json.requests[1].id}`, { method: "DELETE" })).status, 405)
    })
  )
})

describe("GET /v1/requests", () => {
  it.scoped("lists the newest first, and each row once, page by page along the Link header", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(7)
      const seen: Array<number> = []
      let path: string | undefined = "/v1/requests?limit=3&provider=openai"
      for (let page = 0; path !== undefined && page < 10; page++) {
        const { headers, json, status }: Answer = yield* ask(path)
        assert.strictEqual(status, 200)
        seen.push(...ids(json))
        const link: string | null = headers.get("link")
        assert.strictEqual(link === null, json.next === null)
        path = /^<([^>]+)>; rel="next"$/.exec(link ?? "")?.[1]
        if (path !== undefined) assert.include(path, "provider=openai")
      }
      assert.deepStrictEqual(seen, [6, 5, 4, 3, 2, 1, 0])
    })
  )

  it.scoped("gives all columns of the view", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(1)
      const { json } = yield* ask("/v1/requests")
      assert.sameMembers(Object.keys(json.requests[0]), Object.keys(RequestRow.fields))
      assert.deepInclude(json.requests[0], { model: "gpt-4o", total_tokens: 15, cost_nanousd: 1000, status: "ok" })
    })
  )

  it.scoped("filters", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(4, (index) => (index === 2 ? { model: "o3", error: "boom" } : {}))
      assert.deepStrictEqual(ids((yield* ask("/v1/requests?model=o3")).json), [2])
      assert.deepStrictEqual(ids((yield* ask("/v1/requests?status=error")).json), [2])
      assert.deepStrictEqual(ids((yield* ask("/v1/requests?provider=other")).json), [])
      assert.deepStrictEqual(ids((yield* ask("/v1/requests?from=2026-01-01T00:00:03Z")).json), [3])
    })
  )

  it.scoped("exports every row as CSV, and no formula", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(3, (index) => (index === 1 ? { model: '=HYPERLINK("x"),1' } : {}))
      const byFormat = yield* ask("/v1/requests?format=csv")
      const byAccept = yield* ask("/v1/requests", { headers: { accept: "text/csv" } })
      assert.strictEqual(byFormat.text, byAccept.text)
      assert.match(byFormat.headers.get("content-type") ?? "", /^text\/csv/)
      const lines = byFormat.text.split("\r\n")
      assert.strictEqual(lines.length, 5)
      assert.strictEqual(lines[0], Object.keys(RequestRow.fields).join(","))
      assert.include(lines[2], `"'=HYPERLINK(""x""),1"`)
      assert.strictEqual(lines[4], "")
      assert.strictEqual((yield* ask("/v1/requests?format=csv&limit=2")).text.split("\r\n").length, 4)
      assert.isDefined((yield* ask("/v1/requests?format=json", { headers: { accept: "text/csv" } })).json)
    })
  )

  it.scoped("reads a large export page by page as the caller takes it", () =>
    Effect.gen(function* () {
      const plane = yield* withRows(1)
      const [row] = (yield* Context.get(plane.context, Ledger).requests({})).requests
      const asked: Array<string | undefined> = []
      const endless = {
        requests: ({ cursor, limit = 0 }: { cursor?: string; limit?: number }) =>
          Effect.sync(() => {
            asked.push(cursor)
            return new RequestPage({ requests: Array.from({ length: limit }, () => row!), next: `${asked.length}` })
          })
      } as unknown as LedgerService
      const { fetch } = yield* start({ ledger: endless })
      const response = yield* Effect.promise(() => fetch("http://127.0.0.1/v1/requests?format=csv"))
      const reader = response.body!.getReader()
      for (let chunk = 0; chunk < 4; chunk++) yield* Effect.promise(() => reader.read())
      yield* Effect.promise(() => reader.cancel())
      assert.deepStrictEqual(asked.slice(0, 3), [undefined, "1", "2"])
      assert.isBelow(asked.length, 30)
    })
  )

  it.scoped("never ends an export well that could not be read to its end", () =>
    Effect.gen(function* () {
      let calls = 0
      const failing = {
        requests: () =>
          calls++ === 0
            ? Effect.succeed(new RequestPage({ requests: [], next: "more" }))
            : Effect.fail(new LedgerError({ operation: "read", cause: "gone" }))
      } as unknown as LedgerService
      const { fetch } = yield* start({ ledger: failing })
      const response = yield* Effect.promise(() => fetch("http://127.0.0.1/v1/requests?format=csv"))
      assert.strictEqual(response.status, 200)
      const ended = yield* Effect.either(Effect.tryPromise(() => response.text()))
      assert.strictEqual(ended._tag, "Left")
    })
  )

  it.scoped("is 500 in the common shape when the ledger fails", () =>
    Effect.gen(function* () {
      const failing = {
        requests: () => Effect.fail(new LedgerError({ operation: "read", cause: "gone" }))
      } as unknown as LedgerService
      const { ask } = yield* start({ ledger: failing })
      for (const path of ["/v1/requests", "/v1/requests?format=csv"]) {
        const { json, status } = yield* ask(path)
        assert.strictEqual(status, 500)
        assert.deepInclude(json.error, { type: "server_error", code: "ledger_error" })
      }
    })
  )
})

describe("GET /v1/costs", () => {
  it.scoped("sums by the dimensions that are asked for, by model when none is", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(4, (index) => (index === 3 ? { model: "o3" } : {}))
      const byModel = (yield* ask("/v1/costs")).json
      assert.deepStrictEqual(byModel.by, ["model"])
      assert.deepStrictEqual(
        byModel.costs.map(({ model, requests }: { model: string; requests: number }) => [model, requests]).toSorted(),
        [
          ["gpt-4o", 3],
          ["o3", 1]
        ]
      )
      assert.deepInclude(byModel.total, { requests: 4, cost_nanousd: 4000, total_tokens: 60 })
      for (const query of ["by=model,day", "by=model&by=day", "by=model,%20day,"]) {
        const { json, status } = yield* ask(`/v1/costs?${query}`)
        assert.strictEqual(status, 200)
        assert.deepStrictEqual(json.by, ["model", "day"])
        assert.strictEqual(json.costs[0].day, "2026-01-01")
      }
      assert.deepStrictEqual((yield* ask("/v1/costs?by=")).json.by, [])
    })
  )

  it.scoped("takes a range of days and a baseline", () =>
    Effect.gen(function* () {
      const { ask } = yield* withRows(2)
      assert.strictEqual((yield* ask("/v1/costs?from=2026-01-02")).json.total.requests, 0)
      assert.strictEqual((yield* ask("/v1/costs?from=2026-01-01&to=2026-01-01")).json.total.requests, 2)
      assert.strictEqual((yield* ask("/v1/costs?baseline=openai/gpt-4o")).json.baseline, "openai/gpt-4o")
      const unpriced = yield* ask("/v1/costs?baseline=nothing")
      assert.strictEqual(unpriced.status, 400)
      assert.strictEqual(unpriced.json.error.param, "baseline")
    })
  )
})
