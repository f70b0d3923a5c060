/** What a crash can leave between two records, made by hand. */
import { assert, it } from "@effect/vitest"
import * as Definitions from "@penstock/workflow/runtime/Definitions"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Scene from "./scene.ts"

const ask = "name: a\nsteps: [{id: s, type: llm, model: m, prompt: hi, output: r}]\noutput: r\n"
const wait = "name: a\nsteps: [{id: w, type: wait, event: go, output: r}]\noutput: r\n"
const later = 3_600_000

it.effect("a run that was written down and not handed to the engine goes on when it is poked, and runs once", () => {
  const { layer, requests } = Scene.make({ answers: { hi: [{ text: "said" }] } })
  return Effect.gen(function* () {
    const runs = yield* Runs
    const store = yield* RunStore
    const { hash } = yield* Definitions.put(store, ask, () => null)
    const payload = { runId: "run_1", definitionHash: hash, input: {}, caller: null, rehearsal: false }
    yield* store.create({
      id: "run_1",
      workflow: "a",
      definitionHash: hash,
      input: {},
      caller: null,
      key: null,
      trace: null,
      payload
    })
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(
      (yield* runs.stalled(30_000)).map(({ id }) => id),
      ["run_1"]
    )
    yield* runs.poke("run_1")
    yield* runs.poke("run_1")
    assert.strictEqual((yield* Scene.toEnd("run_1")).output, "said")
    yield* runs.poke("run_1")
    yield* Scene.settled
    assert.strictEqual(requests.length, 1)
    assert.deepStrictEqual(yield* runs.stalled(later), [])
  }).pipe(Effect.provide(layer))
})

it.effect("a signal that was written down and not delivered is delivered when the run is poked", () => {
  const { layer } = Scene.make()
  return Effect.gen(function* () {
    const runs = yield* Runs
    const store = yield* RunStore
    const { id } = yield* runs.start(wait, {})
    yield* Scene.settled
    assert.deepStrictEqual(yield* runs.stalled(later), [], "it waits for what is not there")
    yield* store.signal(id, "go", { n: 1 })
    assert.strictEqual((yield* runs.stalled(later)).length, 1)
    yield* runs.poke(id)
    assert.deepStrictEqual((yield* Scene.toEnd(id)).output, { n: 1 })
  }).pipe(Effect.provide(layer))
})

it.effect("a cancellation that was written down and not heard is heard when the run is poked", () => {
  const { layer } = Scene.make()
  return Effect.gen(function* () {
    const runs = yield* Runs
    const store = yield* RunStore
    const { id } = yield* runs.start(wait, {})
    yield* Scene.settled
    yield* store.requestCancel(id)
    assert.strictEqual((yield* runs.stalled(later)).length, 1)
    yield* runs.poke(id)
    assert.strictEqual((yield* Scene.toEnd(id)).status, "cancelled")
  }).pipe(Effect.provide(layer))
})
