/** The runtime by its data: each case is a file, what the world answers it, and what its run comes to. */
import { assert, describe, it } from "@effect/vitest"
import type { RunEvent, RunRecord } from "@penstock/workflow/runtime/RunRecord"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { load } from "../Testdata.ts"
import * as Scene from "./scene.ts"

interface RuntimeCase extends Scene.Scripts {
  readonly name: string
  readonly workflow: string
  readonly input?: unknown
  readonly calls?: Readonly<Record<string, string>>
  /** Before the run gets to waiting for them. */
  readonly signals?: Readonly<Record<string, unknown>>
  /** When it waits, in this order. */
  readonly then?: ReadonlyArray<
    | { readonly signal: string; readonly body?: unknown; readonly refused?: string }
    | { readonly after: string }
    | "cancel"
  >
  readonly rehearsal?: boolean
  /** How many runs in a row; what is expected is expected of the last one, and of all calls. */
  readonly times?: number
  readonly expect: Expected
}

interface Expected {
  /** Why it does not start. */
  readonly refused?: { readonly reason: string; readonly message: string }
  readonly status?: string
  readonly output?: unknown
  readonly error?: Readonly<Record<string, unknown>>
  /** Part of the error's message. */
  readonly says?: string
  /** Calls to models; what each was asked at last; how many at once at most. */
  readonly requests?: number
  readonly asked?: ReadonlyArray<string>
  readonly most?: number
  readonly models?: ReadonlyArray<string>
  /** Part of the last request, and its messages in order. */
  readonly request?: Readonly<Record<string, unknown>>
  readonly says_to?: ReadonlyArray<string>
  /** What the last request says that tools gave. */
  readonly told?: ReadonlyArray<string>
  /** Which tools it might choose. */
  readonly choices?: ReadonlyArray<unknown>
  readonly tools?: ReadonlyArray<{ readonly tool: string; readonly args?: unknown; readonly key?: string }>
  readonly sent?: ReadonlyArray<Partial<Scene.Sent>>
  readonly steps?: Readonly<Record<string, string>>
  readonly attempts?: Readonly<Record<string, number>>
  readonly cache?: Readonly<Record<string, string>>
  /** Steps of any depth by their paths. */
  readonly paths?: Readonly<Record<string, string>>
  readonly events?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly cost_usd?: number
  readonly tokens?: number
}

const act = (id: string, action: NonNullable<RuntimeCase["then"]>[number]) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    yield* Scene.settled
    if (action === "cancel") return yield* runs.cancel(id)
    if ("after" in action) return yield* TestClock.adjust(action.after as "1 minute")
    const done = yield* Effect.either(runs.signal(id, action.signal, action.body ?? null))
    assert.strictEqual(done._tag === "Left" ? done.left.reason : undefined, action.refused)
  })

const oneRun = (test: RuntimeCase) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const { rehearsal = false } = test
    const started = yield* runs.start(test.workflow, test.input ?? {}, {
      sources: (name) => test.calls?.[name] ?? null,
      rehearsal
    })
    for (const [name, body] of Object.entries(test.signals ?? {})) yield* runs.signal(started.id, name, body)
    for (const action of test.then ?? []) yield* act(started.id, action)
    return yield* Scene.toEnd(started.id)
  })

const checkRun = ({ expect }: RuntimeCase, run: RunRecord) => {
  const found = JSON.stringify({ error: run.error, metrics: run.metrics, output: run.output })
  assert.strictEqual(run.status, expect.status, found)
  const { steps, total_cost_usd, total_tokens } = run.metrics!
  const byId = <A>(value: (step: (typeof steps)[number]) => A) =>
    Object.fromEntries<A>(steps.map((step) => [step.id, value(step)]))
  if ("output" in expect) assert.deepStrictEqual(run.output, expect.output)
  if (expect.error !== undefined) assert.deepInclude(run.error, expect.error)
  if (expect.says !== undefined) assert.include(run.error?.message, expect.says)
  if (expect.steps !== undefined)
    assert.deepStrictEqual(
      byId(({ status }) => status),
      expect.steps
    )
  if (expect.attempts !== undefined)
    assert.deepInclude(
      byId(({ attempts }) => attempts),
      expect.attempts
    )
  if (expect.cache !== undefined)
    assert.deepInclude(
      byId<string | null>(({ cache }) => cache),
      expect.cache
    )
  if (expect.cost_usd !== undefined) assert.strictEqual(total_cost_usd, expect.cost_usd)
  if (expect.tokens !== undefined) assert.strictEqual(total_tokens, expect.tokens)
}

type Request = ReturnType<typeof Scene.make>["requests"][number]

const toldBy = ({ messages }: Request): ReadonlyArray<string> =>
  messages.flatMap(({ content }) =>
    content.flatMap((part) =>
      part.type === "tool-result" ? part.content.map((inner) => ("text" in inner ? inner.text : "")) : []
    )
  )

const textOf = ({ content }: Request["messages"][number]): string =>
  content.map((part) => ("text" in part ? part.text : "")).join("")

const lastText = ({ messages }: Request): string => textOf(messages.at(-1)!)

const spoken = (message: Request["messages"][number]): string => `${message.role}: ${textOf(message)}`

const checkCalls = ({ expect }: RuntimeCase, id: string, scene: ReturnType<typeof Scene.make>) => {
  const { calls, requests, seen, sent } = scene
  if (expect.requests !== undefined) assert.strictEqual(requests.length, expect.requests)
  if (expect.asked !== undefined) assert.deepStrictEqual(requests.map(lastText), expect.asked)
  if (expect.models !== undefined)
    assert.deepStrictEqual(
      requests.map(({ model }) => model),
      expect.models
    )
  if (expect.request !== undefined) assert.deepInclude(requests.at(-1), expect.request)
  if (expect.says_to !== undefined) assert.deepStrictEqual(requests.at(-1)!.messages.map(spoken), expect.says_to)
  if (expect.told !== undefined) assert.deepStrictEqual(toldBy(requests.at(-1)!), expect.told)
  if (expect.choices !== undefined) {
    assert.deepStrictEqual(
      requests.map(({ toolChoice }) => toolChoice ?? null),
      expect.choices
    )
  }
  if (expect.most !== undefined) assert.strictEqual(seen.most, expect.most)
  if (expect.tools !== undefined) {
    assert.strictEqual(calls.length, expect.tools.length, JSON.stringify(calls))
    const named = calls.map((call) => ({ ...call, key: call.key?.replace(id, "RUN") }))
    expect.tools.forEach((expected, at) => assert.deepInclude(named[at], expected))
  }
  if (expect.sent !== undefined) {
    assert.strictEqual(sent.length, expect.sent.length, JSON.stringify(sent))
    expect.sent.forEach(({ headers = {}, ...expected }, at) => {
      assert.deepInclude(sent[at], expected)
      assert.deepInclude(sent[at]!.headers, headers)
    })
  }
}

const checkRecords = ({ expect }: RuntimeCase, id: string) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const records = yield* runs.steps(id)
    if (expect.paths !== undefined) {
      const byPath: Record<string, string> = Object.fromEntries(records.map(({ path, status }) => [path, status]))
      assert.deepInclude(byPath, expect.paths)
    }
    if (expect.events === undefined) return
    const events: ReadonlyArray<RunEvent> = Chunk.toReadonlyArray(yield* Stream.runCollect(runs.events(id)))
    const wanted = new Set(expect.events.map(({ type }) => type))
    const found = events.filter(({ type }) => wanted.has(type)).map(({ data, step, type }) => ({ type, step, data }))
    assert.strictEqual(found.length, expect.events.length, JSON.stringify(events))
    expect.events.forEach((expected, at) => assert.deepInclude(found[at], expected))
  })

for (const { cases, file } of load<RuntimeCase>("runtime")) {
  describe(`${file}`, () => {
    for (const test of cases) {
      it.effect(`${test.name}`, () => {
        const scene = Scene.make(test)
        return Effect.gen(function* () {
          for (let time = 1; time < (test.times ?? 1); time++) yield* oneRun(test)
          const run = yield* Effect.either(oneRun(test))
          if (run._tag === "Left") {
            assert.strictEqual(run.left.reason, test.expect.refused?.reason, run.left.message)
            assert.include(run.left.message, test.expect.refused?.message ?? "")
            return
          }
          assert.isUndefined(test.expect.refused, "it was to be refused")
          checkRun(test, run.right)
          checkCalls(test, run.right.id, scene)
          yield* checkRecords(test, run.right.id)
        }).pipe(Effect.provide(scene.layer))
      })
    }
  })
}
