/** `foreach` with `concurrency`: a law of schedules, by the clock of the test. */
import { assert, it } from "@effect/vitest"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestContext from "effect/TestContext"
import * as Scene from "./scene.ts"

const source = (concurrency: number) => `name: a
steps: [{id: each, type: foreach, in: "\${input.items}", concurrency: ${concurrency}, steps: [{id: s, type: llm, model: m, prompt: "[\${item}]", output: x}], output: all}]
output: all
`

/** When the last item ends if each begins as soon as one of `lanes` is free, in the order of the list. */
const makespan = (millis: ReadonlyArray<number>, lanes: number): number => {
  const free = Array.from({ length: lanes }, () => 0)
  for (const time of millis) {
    const first = free.indexOf(Math.min(...free))
    free[first] = free[first]! + time
  }
  return Math.max(...free)
}

const minute = 60_000

it.effect(
  "never more than N items at once, never a free place while an item waits, and results in the items' order",
  () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.integer({ min: 1, max: 4 }),
          FastCheck.array(FastCheck.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 }),
          async (concurrency, minutes) => {
            const items = minutes.map((_, at) => at)
            const answers = Object.fromEntries(
              minutes.map((length, at) => [`[${at}]`, [{ text: `done ${at}`, millis: length * minute }]])
            )
            const { layer, seen } = Scene.make({ answers })
            const run = await Effect.runPromise(
              Effect.gen(function* () {
                const runs = yield* Runs
                const { id } = yield* runs.start(source(concurrency), { items })
                return yield* Scene.toEnd(id)
              }).pipe(Effect.provide(layer), Effect.provide(TestContext.TestContext))
            )
            assert.deepStrictEqual(
              run.output,
              items.map((at) => `done ${at}`)
            )
            assert.isAtMost(seen.most, concurrency)
            assert.strictEqual(run.metrics!.latency_ms, makespan(minutes, concurrency) * minute)
          }
        ),
        { numRuns: 25 }
      )
    )
)
