import { assert, describe, it } from "@effect/vitest"
import * as CronTriggers from "@penstock/server/workflows/CronTriggers"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestClock from "effect/TestClock"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { start } from "../control/harness.ts"

const text = `
name: often
on: [{ cron: "* * * * *" }]
steps: [{ id: s, type: set, values: { x: 1 }, output: r }]
output: "\${r.x}"
`

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-cron-"))
    fs.writeFileSync(path.join(made, "often.yaml"), text)
    return made
  }),
  (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
)

describe("time tables", () => {
  it("give each of their times to exactly one of the stretches of time that follow each other", () => {
    const seconds = FastCheck.array(FastCheck.integer({ min: 1, max: 59 }), { minLength: 1, maxLength: 40 })
    FastCheck.assert(
      FastCheck.property(seconds, (steps) => {
        let [from, found] = [0, 0]
        for (const step of steps) {
          const until = from + step * 1000
          const time = CronTriggers.due("* * * * *", from, until)
          if (time !== null) {
            found++
            assert.isTrue(time > from && time <= until && time % 60_000 === 0)
          }
          from = until
        }
        assert.strictEqual(found, Math.floor(from / 60_000))
      })
    )
  })

  it("of nothing that can be read start nothing", () => {
    assert.isNull(CronTriggers.due("every day", 0, 86_400_000))
  })

  it.scoped("start a run at each time, and no second one over a restart", () =>
    Effect.gen(function* () {
      const { context } = yield* start({ workflows: yield* folder })
      const runs = Effect.map(
        Effect.flatMap(Runs, (all) => all.list({})),
        (all) => all.length
      ).pipe(Effect.provide(context))
      const process = Effect.zipRight(CronTriggers.run, Effect.never).pipe(Effect.scoped, Effect.provide(context))
      yield* TestClock.adjust("70 seconds")
      const first = yield* Effect.fork(process)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* runs, 2)
      yield* first.interruptAsFork(first.id())
      yield* TestClock.adjust("1 second")
      yield* Effect.fork(process)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* runs, 2)
    })
  )
})
