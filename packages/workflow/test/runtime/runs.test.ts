import { assert, it } from "@effect/vitest"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scene from "./scene.ts"

it.effect("cancelling aborts the call that is under way, runs finally, and nothing behind it", () => {
  const { layer, requests, seen } = Scene.make({ answers: { hello: [{ hang: true }] } })
  const source = `name: a
steps:
  - {id: ask, type: llm, model: m, prompt: hello, on_error: continue}
  - {id: next, type: llm, model: m, prompt: next, output: r}
finally: [{id: close, type: llm, model: m, prompt: closing}]
output: r
`
  return Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(source, {})
    yield* Effect.yieldNow().pipe(Effect.repeat({ until: () => seen.running > 0, times: 10_000 }))
    yield* runs.cancel(id)
    const run = yield* Scene.toEnd(id)
    assert.strictEqual(run.status, "cancelled")
    assert.strictEqual(seen.running, 0)
    assert.strictEqual(requests.length, 2)
  }).pipe(Effect.provide(layer))
})

it.effect("a key starts one run: the same input gives it again, another input is a conflict", () => {
  const { layer, requests } = Scene.make()
  const source = "name: a\nsteps: [{id: s, type: llm, model: m, prompt: hi, output: r}]\noutput: r\n"
  return Effect.gen(function* () {
    const runs = yield* Runs
    const first = yield* runs.start(source, { a: 1 }, { key: "k" })
    const again = yield* runs.start(source, { a: 1 }, { key: "k" })
    assert.strictEqual(again.id, first.id)
    const other = yield* Effect.flip(runs.start(source, { a: 2 }, { key: "k" }))
    assert.strictEqual(other.reason, "conflict")
    yield* Scene.toEnd(first.id)
    assert.strictEqual(requests.length, 1)
  }).pipe(Effect.provide(layer))
})

it.effect("the second signal of a name is a conflict", () => {
  const { layer } = Scene.make()
  const source =
    "name: a\nsteps: [{id: ok, type: approve, prompt: x, output: r}, {id: p, type: wait, event: more}]\noutput: r\n"
  return Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(source, {})
    yield* runs.signal(id, "ok", { approved: true })
    const second = yield* Effect.flip(runs.signal(id, "ok", { approved: false }))
    assert.strictEqual(second.reason, "conflict")
    yield* runs.signal(id, "more", null)
    assert.deepStrictEqual((yield* Scene.toEnd(id)).output, { approved: true })
  }).pipe(Effect.provide(layer))
})

it.effect("whatever a run logs has its id", () => {
  const { layer } = Scene.make({ answers: { undo: [{ fail: "authentication" }], hello: [{ fail: "authentication" }] } })
  const logged: Array<unknown> = []
  const logger = Logger.make(({ annotations }) => logged.push(Option.getOrNull(HashMap.get(annotations, "run_id"))))
  const source = `name: a
steps:
  - {id: first, type: llm, model: m, prompt: hi, undo: [{id: back, type: llm, model: m, prompt: undo}]}
  - {id: ask, type: llm, model: m, prompt: hello, output: r}
output: r
`
  return Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(source, {})
    const run = yield* Scene.toEnd(id)
    assert.strictEqual(run.status, "failed")
    assert.deepStrictEqual(logged, [id])
  }).pipe(Effect.provide(layer.pipe(Layer.provideMerge(Logger.replace(Logger.defaultLogger, logger)))))
})
