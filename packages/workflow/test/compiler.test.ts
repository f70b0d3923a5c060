import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { parse, stringify } from "yaml"
import * as Compiler from "@penstock/workflow/compiler/Compiler"
import { graph } from "@penstock/workflow/compiler/Graph"
import { allSteps, type Plan, type PlanStep } from "@penstock/workflow/compiler/Plan"
import { instance } from "@penstock/workflow/compiler/StepPath"
import { type Case, load } from "./Testdata.ts"
import * as World from "./World.ts"

interface CompilerCase extends Case {
  readonly input: string
  readonly expect: Readonly<Record<string, unknown>>
}

const world = World.load()
const files = load<CompilerCase>("compiler")

const compiled = (input: string): Plan => {
  const { diagnostics, plan } = Compiler.compile(input, world)
  assert.isNotNull(plan, JSON.stringify(diagnostics))
  return plan!
}

/** The views of a plan that a case may expect something of. */
const views: Readonly<Record<string, (plan: Plan) => unknown>> = {
  paths: (plan) => allSteps(plan).map((step) => `${step.path} ${step.action.type}`),
  waits: (plan) => Object.fromEntries(allSteps(plan).map((step) => [step.id, step.waitsFor])),
  models: (plan) =>
    Object.fromEntries(
      allSteps(plan).flatMap(({ action, id }) => ("models" in action ? [[id, action.models.join(", ")]] : []))
    ),
  retries: (plan) => Object.fromEntries(allSteps(plan).map(({ id, retry }) => [id, retry])),
  times: (plan) =>
    Object.fromEntries(allSteps(plan).map((step) => [step.id, [step.timeoutMillis, step.deadlineMillis]])),
  costs: (plan) => Object.fromEntries(allSteps(plan).map(({ cost, id }) => [id, [cost.worst, cost.expected]])),
  cost: (plan) => [plan.cost.worst, plan.cost.expected],
  critical: (plan) => plan.criticalPath,
  actions: (plan) => Object.fromEntries(allSteps(plan).map((step) => [step.id, simplify(step.action)])),
  fallbacks: (plan) => Object.fromEntries(allSteps(plan).map((step) => [step.id, simplify(step.fallbacks)])),
  settings: (plan) =>
    Object.fromEntries(
      allSteps(plan).map(({ budget, cache, id, idempotencyKey, onError }) => [
        id,
        simplify({ budget, cache, idempotencyKey, onError })
      ])
    ),
  schemas: (plan) => [plan.inputSchema, plan.outputSchema],
  graph: (plan) => {
    const { edges, nodes } = graph(plan)
    return {
      nodes: nodes.map(({ conditional, key, parent, type }) => `${key} ${type}${conditional ? "?" : ""} in ${parent}`),
      edges: edges.map(({ from, to }) => `${from} -> ${to}`)
    }
  },
  calls: (plan) => plan.calls,
  hash: (plan) => plan.hash
}

/** Templates as their kind, so that a case shows what matters: maps as objects, expressions as `<expression>`. */
const simplify = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(simplify)
  if (value instanceof Map) return simplify(Object.fromEntries(value))
  if (typeof value !== "object" || value === null) return value
  if ("_tag" in value && value._tag === "Constant" && "value" in value) return value.value
  if ("_tag" in value && value._tag === "Template") return "<expression>"
  if ("_tag" in value && value._tag === "List" && "items" in value) return simplify(value.items)
  if ("_tag" in value && value._tag === "Object" && "fields" in value) return simplify(value.fields)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      Array.isArray(inner) && inner.some((one) => isStep(one)) ? inner.map((one: PlanStep) => one.id) : simplify(inner)
    ])
  )
}

const isStep = (value: unknown): value is PlanStep => typeof value === "object" && value !== null && "waitsFor" in value

for (const { cases, file } of files) {
  describe(`${file}`, () => {
    for (const test of cases) {
      it(`${test.name}`, () => {
        const plan = compiled(test.input)
        for (const [view, expected] of Object.entries(test.expect)) {
          assert.deepStrictEqual(JSON.parse(JSON.stringify(views[view]!(plan))), expected, view)
        }
      })
    }
  })
}

describe("any plan", () => {
  const inputs = [...files, ...load<CompilerCase>("checker")]
    .flatMap(({ cases }) => cases.map(({ input }) => input))
    .filter((input) => Compiler.compile(input, world).plan !== null)

  it("has paths that no two steps share, and waits only for steps that exist", () => {
    for (const input of inputs) {
      const steps = allSteps(compiled(input))
      const paths = new Set(steps.map(({ path }) => path))
      assert.strictEqual(paths.size, steps.length)
      for (const step of steps) for (const path of step.waitsFor) assert.isTrue(paths.has(path), path)
    }
  })

  it("is the same each time, and its hash does not depend on how the file is written", () => {
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed)
      if (typeof value !== "object" || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, inner]) => [key, reversed(inner)])
      )
    }
    for (const input of inputs) {
      const plan = compiled(input)
      assert.deepStrictEqual(compiled(input), plan)
      assert.strictEqual(compiled(`# a comment\n${stringify(reversed(parse(input)))}`).hash, plan.hash)
    }
  })

  it("has another hash when the file says something else", () => {
    const hashes = inputs.map((input) => compiled(input).hash)
    assert.strictEqual(new Set(hashes).size, new Set(inputs.map((input) => JSON.stringify(parse(input)))).size)
  })

  it("costs at most its worst case: the usual case is never above it", () => {
    const costs = inputs.map((input) => compiled(input).cost)
    const known = costs.filter(({ expected, worst }) => worst !== null && expected !== null)
    assert.isAbove(known.length, 10)
    assert.deepStrictEqual(
      known.filter(({ expected, worst }) => expected! > worst!),
      []
    )
  })
})

it("the rounds of a path are put in from the outside", () => {
  FastCheck.assert(
    FastCheck.property(FastCheck.array(FastCheck.nat(), { maxLength: 4 }), (rounds) => {
      const path = `steps/${rounds.map((_, at) => `s${at}/steps[*]`).join("/")}/last`
      const expected = `steps/${rounds.map((round, at) => `s${at}/steps[${round}]`).join("/")}/last`
      assert.strictEqual(instance(path, rounds), expected)
    })
  )
})

it("a file with an error has no plan, and one with a warning has", () => {
  const file = (output: string) =>
    `name: a\nsteps: [{id: b, type: set, values: {x: 1}, if: "input.x", output: v}]\noutput: ${output}\n`
  assert.isNull(Compiler.compile(file("w")).plan)
  const { diagnostics, plan } = Compiler.compile(file("v"))
  assert.deepStrictEqual(
    diagnostics.map(({ code }) => code),
    ["PS306"]
  )
  assert.isNotNull(plan)
})
