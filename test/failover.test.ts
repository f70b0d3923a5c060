/**
 * The failure suite: whatever goes wrong at a provider, played over real sockets against the built server, for every
 * dialect, every protocol, streamed and whole. Prints a scorecard at its end; `docs/failure.md` holds the same.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { contract, rows } from "./support/failover/Contract.ts"
import { dialects } from "./support/failover/Dialects.ts"
import { casesOf } from "./support/failover/Row.ts"
import { everyDialect, perfect, promises, scorecard, type Score } from "./support/failover/Scorecard.ts"
import * as Stage from "./support/failover/Stage.ts"

const root = path.resolve(import.meta.dirname, "..")
/** By place, then by dialect. */
const scores = new Map<string, Map<string, Score>>()
const placeOf = (row: { readonly id: string }, wire: string, mode: string) => `${row.id} ${wire} ${mode}`
/** Of all dialects the worst counts. */
const worst = (all: ReadonlyMap<string, Score>): Score => ([...all.values()].includes("FAIL") ? "FAIL" : "pass")

let stage: Awaited<ReturnType<typeof Stage.start>>
beforeAll(async () => {
  stage = await Stage.start(rows)
})
afterAll(async () => {
  await stage?.close()
  const played = [...scores.values()].flatMap((all) => [...all.values()])
  const passed = played.filter((score) => score === "pass").length
  console.log(
    scorecard(
      (row, wire, mode) => {
        const all = scores.get(placeOf(row, wire, mode))
        return all === undefined ? undefined : worst(all)
      },
      (row) =>
        dialects.filter(({ name }) =>
          casesOf(row).every(({ mode, wire }) => scores.get(placeOf(row, wire, mode))?.get(name) === "pass")
        ).length
    )
  )
  console.log(`${passed} of ${played.length} cases pass`)
})

const play = async (each: Stage.Case): Promise<Score> => {
  const place = placeOf(each.row, each.wire, each.mode)
  const all = scores.get(place) ?? new Map<string, Score>()
  scores.set(place, all)
  all.set(each.dialect.name, "FAIL")
  await each.row.play(stage.sceneOf(each))
  all.set(each.dialect.name, "pass")
  return "pass"
}

for (const { event, rows: own } of contract.filter((promise) => promise.rows.length > 0)) {
  describe.concurrent(`${event}:`, () => {
    for (const each of Stage.allCases(own)) {
      it(`${each.row.id} · ${each.dialect.name} · ${each.wire} · ${each.mode}`, async () => {
        assert.strictEqual(await play(each), "pass")
      })
    }
  })
}

describe("docs/failure.md", () => {
  const text = fs.readFileSync(path.join(root, "docs/failure.md"), "utf8")

  it("holds the contract and the scorecard of this suite", () => {
    for (const expected of [promises(), scorecard(perfect, everyDialect)]) {
      assert.include(text, expected, `docs/failure.md lacks this table:\n${expected}\n`)
    }
  })

  it("names tests that exist", () => {
    for (const { tests = [] } of contract) {
      for (const [file, name] of tests) {
        const source = fs.readFileSync(path.join(root, file), "utf8")
        assert.isTrue(
          ['"', "`"].some((quote) => source.includes(quote + name)),
          `${file} has a test “${name} …”`
        )
      }
    }
  })
})
