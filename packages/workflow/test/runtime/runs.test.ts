import { assert, describe, it } from "@effect/vitest"
import * as Engine from "@penstock/workflow/runtime/Engine"
import * as Http from "@penstock/workflow/runtime/Http"
import type { RunRecord } from "@penstock/workflow/runtime/RunRecord"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { load } from "../Testdata.ts"
import { make, type Script } from "./scripted.ts"

interface RuntimeCase {
  readonly name: string
  readonly workflow: string
  readonly input?: unknown
  readonly calls?: Readonly<Record<string, string>>
  readonly answers?: Script
  readonly signals?: Readonly<Record<string, unknown>>
  readonly expect: {
    readonly status: string
    readonly output?: unknown
    readonly error?: Readonly<Record<string, unknown>>
    readonly requests?: number
    readonly steps?: Readonly<Record<string, string>>
    readonly cost_usd?: number
    readonly tokens?: number
  }
}

const tools = Tools.layerMemory({
  math: [
    {
      name: "double",
      description: "twice",
      inputSchema: { type: "object" },
      call: (args) =>
        Effect.succeed({
          content: [],
          structuredContent: { value: 2 * (args as { value: number }).value },
          isError: false
        })
    },
    {
      name: "break",
      description: null,
      inputSchema: {},
      call: () => Effect.succeed({ content: [{ type: "text", text: "broken" }], isError: true })
    }
  ]
})

const world = (script?: Script) => {
  const scripted = make(script)
  const layer = Engine.layerMemory.pipe(Layer.provide(Layer.mergeAll(scripted.layer, tools, Http.layerNone)))
  return { ...scripted, layer }
}

/** Lets the run go on until it rests or ends; time passes only by the clock of the test. */
const toEnd = (id: string) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const fiber = yield* Effect.fork(runs.await(id))
    for (let minute = 0; minute < 100 && fiber.unsafePoll() === null; minute++) {
      for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow()
      yield* TestClock.adjust("1 minute")
    }
    return yield* Fiber.join(fiber)
  })

const check = (test: RuntimeCase, run: RunRecord, requests: number) => {
  const { expect } = test
  const found = JSON.stringify({ error: run.error, metrics: run.metrics, output: run.output })
  assert.strictEqual(run.status, expect.status, found)
  if ("output" in expect) assert.deepStrictEqual(run.output, expect.output)
  if (expect.error !== undefined) assert.deepInclude(run.error, expect.error)
  if (expect.requests !== undefined) assert.strictEqual(requests, expect.requests)
  if (expect.steps !== undefined) {
    assert.deepStrictEqual(Object.fromEntries(run.metrics!.steps.map(({ id, status }) => [id, status])), expect.steps)
  }
  if (expect.cost_usd !== undefined) assert.strictEqual(run.metrics!.total_cost_usd, expect.cost_usd)
  if (expect.tokens !== undefined) assert.strictEqual(run.metrics!.total_tokens, expect.tokens)
}

for (const { cases, file } of load<RuntimeCase>("runtime")) {
  describe(`${file}`, () => {
    for (const test of cases) {
      it.effect(`${test.name}`, () => {
        const { layer, requests } = world(test.answers)
        return Effect.gen(function* () {
          const runs = yield* Runs
          const started = yield* runs.start(test.workflow, test.input ?? {}, {
            sources: (name) => test.calls?.[name] ?? null
          })
          for (const [name, body] of Object.entries(test.signals ?? {})) yield* runs.signal(started.id, name, body)
          check(test, yield* toEnd(started.id), requests.length)
        }).pipe(Effect.provide(layer))
      })
    }
  })
}

it.effect("foreach never runs more items at once than it may", () =>
  Effect.promise(() =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.integer({ min: 1, max: 4 }),
        FastCheck.integer({ min: 1, max: 8 }),
        async (concurrency, count) => {
          const items = Array.from({ length: count }, (_, at) => at)
          const { layer, requests, seen } = world()
          const source = `name: a
steps: [{id: each, type: foreach, in: "\${input.items}", concurrency: ${concurrency}, steps: [{id: s, type: llm, model: m, prompt: "i \${item}", output: x}], output: all}]
output: all
`
          const run = await Effect.runPromise(
            Effect.gen(function* () {
              const runs = yield* Runs
              const { id } = yield* runs.start(source, { items })
              return yield* runs.await(id)
            }).pipe(Effect.provide(layer))
          )
          assert.strictEqual(run.status, "succeeded")
          assert.strictEqual((run.output as Array<unknown>).length, count)
          assert.strictEqual(requests.length, count)
          assert.isAtMost(seen.most, concurrency)
        }
      ),
      { numRuns: 8 }
    )
  )
)

it.effect("cancelling aborts the call that is under way, runs finally, and nothing behind it", () => {
  const { layer, requests, seen } = world({ hello: [{ hang: true }] })
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
    const run = yield* toEnd(id)
    assert.strictEqual(run.status, "cancelled")
    assert.strictEqual(seen.running, 0)
    assert.strictEqual(requests.length, 2)
  }).pipe(Effect.provide(layer))
})

it.effect("a key starts one run: the same input gives it again, another input is a conflict", () => {
  const { layer, requests } = world()
  const source = "name: a\nsteps: [{id: s, type: llm, model: m, prompt: hi, output: r}]\noutput: r\n"
  return Effect.gen(function* () {
    const runs = yield* Runs
    const first = yield* runs.start(source, { a: 1 }, { key: "k" })
    const again = yield* runs.start(source, { a: 1 }, { key: "k" })
    assert.strictEqual(again.id, first.id)
    const other = yield* Effect.flip(runs.start(source, { a: 2 }, { key: "k" }))
    assert.strictEqual(other.reason, "conflict")
    yield* toEnd(first.id)
    assert.strictEqual(requests.length, 1)
  }).pipe(Effect.provide(layer))
})

it.effect("the second signal of a name is a conflict", () => {
  const { layer } = world()
  const source =
    "name: a\nsteps: [{id: ok, type: approve, prompt: x, output: r}, {id: p, type: wait, event: more}]\noutput: r\n"
  return Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(source, {})
    yield* runs.signal(id, "ok", { approved: true })
    const second = yield* Effect.flip(runs.signal(id, "ok", { approved: false }))
    assert.strictEqual(second.reason, "conflict")
    yield* runs.signal(id, "more", null)
    assert.deepStrictEqual((yield* toEnd(id)).output, { approved: true })
  }).pipe(Effect.provide(layer))
})
