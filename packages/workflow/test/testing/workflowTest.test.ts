import { assert, describe, it } from "@effect/vitest"
import { compile } from "@penstock/workflow/compiler/Compiler"
import * as Http from "@penstock/workflow/runtime/Http"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Differences from "@penstock/workflow/testing/Differences"
import * as WorkflowTest from "@penstock/workflow/testing/WorkflowTest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make } from "../runtime/scripted.ts"

/** The results of a file's tests, and how often a model was asked. */
const results = (source: string, sources: Record<string, string> = {}) => {
  const { layer, requests } = make()
  const { diagnostics, document } = compile(source)
  assert.isNotNull(document, JSON.stringify(diagnostics))
  return Effect.forEach(WorkflowTest.testsOf(document!), (test) =>
    WorkflowTest.run(source, test, (name) => sources[name] ?? null)
  ).pipe(
    Effect.provide(Layer.mergeAll(layer, Tools.layerMemory(), Http.layerNone)),
    Effect.map((results) => ({ results, asked: requests.length }))
  )
}

const ask = (id: string, more = "") => `{ id: ${id}, type: llm, model: m, prompt: "Say ${id}", output: ${id}${more} }`

describe("tests of a workflow", () => {
  it.effect("run on mocks alone, the test's before the step's", () =>
    Effect.gen(function* () {
      const {
        asked,
        results: [one]
      } = yield* results(`
name: w
steps:
  - ${ask("a", ", mock: from the step")}
  - ${ask("b", ", mock: from the step")}
output: { a: "\${a}", b: "\${b}" }
tests: [{ mocks: { b: from the test }, expect: { b: from the test, a: from the step } }]
`)
      assert.isTrue(WorkflowTest.passed(one!), JSON.stringify(one))
      assert.strictEqual(asked, 0)
    })
  )

  it.effect("name every step that has no mock, even where its failure is caught", () =>
    Effect.gen(function* () {
      const {
        asked,
        results: [one]
      } = yield* results(`
name: w
steps:
  - ${ask("a", ", on_error: continue")}
  - { id: t, type: mcp_tool, server: s, tool: t, params: {}, output: found, on_error: continue }
output: found
tests: [{ name: bare }]
`)
      assert.deepStrictEqual(one!.problems, [
        '"a" (llm) has no mock; add `a` to the test\'s mocks',
        '"t" (mcp_tool) has no mock; add `t` to the test\'s mocks'
      ])
      assert.strictEqual(asked, 0)
    })
  )

  it.effect("tell where what came is not what was expected", () =>
    Effect.gen(function* () {
      const {
        results: [one]
      } = yield* results(`
name: w
steps: [${ask("a")}]
output: { a: "\${a}", more: { x: 1 } }
tests: [{ mocks: { a: came }, expect: { a: expected, more: { y: 1 } } }]
`)
      assert.deepStrictEqual(one!.differences, [
        { path: "a", expected: "expected", actual: "came" },
        { path: "more.y", expected: 1 },
        { path: "more.x", actual: 1 }
      ])
    })
  )

  it.effect("refuse a mock that the step's output_schema would refuse", () =>
    Effect.gen(function* () {
      const {
        results: [one]
      } = yield* results(`
name: w
steps: [${ask("a", ", output_schema: { score: number }")}]
output: a
tests: [{ mocks: { a: { score: high } } }]
`)
      assert.include(one!.problems[0], 'the mock of "a" is not what its output_schema asks for: score')
    })
  )

  it.effect("answer approvals as a person would, and a rejection ends the run", () =>
    Effect.gen(function* () {
      const {
        results: [yes, no]
      } = yield* results(`
name: w
steps: [{ id: ok, type: approve, prompt: Well?, form: { note?: string }, output: said }]
output: said
tests:
  - { mocks: { ok: { approved: true, note: fine } }, expect: { approved: true, note: fine } }
  - { mocks: { ok: { approved: false } } }
`)
      assert.isTrue(WorkflowTest.passed(yes!), JSON.stringify(yes))
      assert.deepStrictEqual(no!.problems, ['the run rejected at "ok" (rejected): "ok" was rejected'])
    })
  )

  it.effect("do not wait for time to pass", () =>
    Effect.gen(function* () {
      const {
        results: [one]
      } = yield* results(`
name: w
steps: [{ id: rest, type: wait, for: 3d }, { id: s, type: set, values: { done: true }, output: s }]
output: s
tests: [{ expect: { done: true } }]
`)
      assert.isTrue(WorkflowTest.passed(one!), JSON.stringify(one))
    })
  )

  it.effect("do not take the mocks for steps of the workflows that are called", () =>
    Effect.gen(function* () {
      const callee = `{ name: other, steps: [${ask("a", ", mock: theirs")}], output: a }`
      const {
        results: [one]
      } = yield* results(
        `
name: w
steps: [${ask("a")}, { id: call, type: workflow, uses: other, with: {}, output: called }]
output: { a: "\${a}", called: "\${called}" }
tests: [{ mocks: { a: ours }, expect: { a: ours, called: theirs } }]
`,
        { other: callee }
      )
      assert.isTrue(WorkflowTest.passed(one!), JSON.stringify(one))
    })
  )

  it.effect("tell of an input that the workflow does not take", () =>
    Effect.gen(function* () {
      const {
        results: [one]
      } = yield* results(`
name: w
inputs: { n: number }
steps: [{ id: s, type: set, values: { n: "\${input.n}" }, output: s }]
output: s
tests: [{ input: { n: text } }]
`)
      assert.include(one!.problems[0], '"w" does not take this input: n')
    })
  )
})

describe("differences", () => {
  it("leave out the lines that are the same", () => {
    const [before, after] = ["one\ntwo\nthree\nfour\nfive", "one\ntwo\nTHREE\nfour\nfive"]
    assert.strictEqual(
      Differences.render(Differences.between({ text: before }, { text: after }), "output"),
      "output.text\n    \u2026 1 more\n    two\n  - three\n  + THREE\n    four\n    \u2026 1 more"
    )
  })
})
