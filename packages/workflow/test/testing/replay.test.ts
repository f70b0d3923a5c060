/** The law of replays: a run that was kept agrees with itself, and nobody is asked. */
import { assert, describe, it } from "@effect/vitest"
import { Runs } from "@penstock/workflow/runtime/Runs"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Recording from "@penstock/workflow/testing/Recording"
import * as Replay from "@penstock/workflow/testing/Replay"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Http from "@penstock/workflow/runtime/Http"
import * as Tools from "@penstock/workflow/runtime/Tools"
import { load } from "../Testdata.ts"
import * as Scene from "../runtime/scene.ts"
import * as Scripted from "../runtime/scripted.ts"

interface Case extends Scene.Scripts {
  readonly name: string
  readonly workflow: string
  readonly input?: unknown
  readonly calls?: Readonly<Record<string, string>>
  readonly signals?: Readonly<Record<string, unknown>>
  readonly then?: ReadonlyArray<
    { readonly signal?: string; readonly body?: unknown; readonly after?: string } | "cancel"
  >
  readonly rehearsal?: boolean
  readonly expect: { readonly refused?: unknown }
}

/** A run that was kept, with its scripted world. */
const record = (test: Case) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(test.workflow, test.input ?? {}, {
      sources: (name) => test.calls?.[name] ?? null,
      rehearsal: test.rehearsal ?? false
    })
    for (const [name, body] of Object.entries(test.signals ?? {})) yield* runs.signal(id, name, body)
    for (const action of test.then ?? []) {
      yield* Scene.settled
      if (action === "cancel") yield* runs.cancel(id)
      else if (action.signal !== undefined) yield* Effect.either(runs.signal(id, action.signal, action.body ?? null))
      else yield* TestClock.adjust(action.after as "1 minute")
    }
    yield* Scene.toEnd(id)
    return (yield* Recording.read(yield* RunStore, id))!
  }).pipe(Effect.provide(Scene.make(test).layer))

/** In a world that would tell otherwise, if it were asked. */
const again = (recording: Recording.Recording, from: number | null = null, script: Scripted.Script = {}) => {
  const scripted = Scripted.make(script)
  return Effect.gen(function* () {
    const fiber = yield* Effect.fork(Replay.replay(recording, from))
    for (let second = 0; second < 50 && fiber.unsafePoll() === null; second++) {
      yield* Scene.settled
      yield* TestClock.adjust("1 second")
    }
    return { replay: yield* Fiber.join(fiber), asked: scripted.requests.length }
  }).pipe(Effect.provide(Layer.mergeAll(scripted.layer, Tools.layerMemory(), Http.layerNone)))
}

describe("a replay agrees with its recording", () => {
  const cases = load<Case>("runtime").flatMap(({ cases }) => cases)
  for (const test of cases.filter(({ expect }) => expect.refused === undefined)) {
    it.effect(test.name, () =>
      Effect.gen(function* () {
        const recording = yield* record(test)
        const { asked, replay } = yield* again(recording)
        const seen = JSON.stringify({ steps: replay.steps, differences: replay.differences, diverged: replay.diverged })
        assert.isTrue(Replay.agrees(replay), seen)
        assert.deepStrictEqual(replay.steps, [])
        assert.strictEqual(asked, 0)
        assert.deepStrictEqual(replay.spent.replayed, replay.spent.recorded)
      })
    )
  }
})

const two: Case = {
  name: "two",
  workflow: `
name: two
steps:
  - { id: a, type: llm, model: m, prompt: "first", output: a }
  - { id: b, type: llm, model: m, prompt: "second after \${a}", output: b }
output: { b: "\${b}", run: "\${run.id}", at: "\${run.started_at}" }
`,
  answers: { first: [{ text: "one" }], second: [{ text: "two" }] },
  expect: {}
}

describe("a replay from a step on", () => {
  it.effect("runs the rest again, on what was recorded before it", () =>
    Effect.gen(function* () {
      const recording = yield* record(two)
      const { asked, replay } = yield* again(recording, 1, { "second after one": [{ text: "other" }] })
      assert.strictEqual(asked, 1)
      assert.deepStrictEqual(replay.differences, [{ path: "output.b", expected: "two", actual: "other" }])
      assert.deepStrictEqual(
        replay.steps.map(({ path }) => path),
        ["steps/b"]
      )
    })
  )

  it.effect("is the whole run where it is the first step", () =>
    Effect.gen(function* () {
      const { asked } = yield* again(yield* record(two), 0)
      assert.strictEqual(asked, 2)
    })
  )
})

describe("a replay of another text", () => {
  it.effect("tells of steps that the recording does not have", () =>
    Effect.gen(function* () {
      const recording = yield* record(two)
      const other = recording.source.replaceAll("id: b", "id: c")
      const { replay } = yield* again({ ...recording, source: other })
      assert.deepStrictEqual(replay.diverged, ["steps/c"])
      assert.isFalse(Replay.agrees(replay))
    })
  )
})
