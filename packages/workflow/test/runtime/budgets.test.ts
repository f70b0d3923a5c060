/** What a run may spend, over the real gateway and its ledger: whatever runs at once, no limit is ever passed. */
import { assert, it } from "@effect/vitest"
import * as Gateway from "@penstock/gateway/Gateway"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Engine from "@penstock/workflow/runtime/Engine"
import * as Http from "@penstock/workflow/runtime/Http"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as TokenBudgets from "@penstock/workflow/runtime/TokenBudgets"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import { openai } from "../../../gateway/test/exchange/answers.ts"
import { harness, type Harness } from "../../../gateway/test/exchange/gateway.ts"

const maxTokens = 100

const answer = (output: number) => {
  const completion = {
    id: "a",
    model: "m",
    content: [{ type: "text" as const, text: "x" }],
    finishReason: "stop" as const,
    usage: Usage.make({ input: 10, output })
  }
  return { chunks: [openai.stream(completion, [...unfold(completion)], { newline: "\n", comments: false })] }
}

/** The calls in turn, and then the first again. */
const scripted = (outputs: ReadonlyArray<number>) => {
  let calls = 0
  return harness({ vendor: openai, answer: () => answer(outputs[calls++ % outputs.length]!) })
}

const runOf = (made: Harness, source: string, input: unknown) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const { id } = yield* runs.start(source, input)
    return yield* runs.await(id)
  }).pipe(
    Effect.provide(
      Engine.layerMemory.pipe(Layer.provide(Layer.mergeAll(made.layer, Tools.layerMemory(), Http.layerNone)))
    ),
    Effect.runPromise
  )

/** The ledger's records again, one after the other: the most that was spent and held at any moment, by budget. */
const highest = ({ openings, settlements, steps }: Harness): ReadonlyMap<string, { most: number; limit: number }> => {
  const seen = new Map<string, { held: number; most: number; limit: number }>()
  const opened = openings.values()
  const settled = settlements.values()
  const change = (id: string, by: (amount: number) => number) => {
    for (const { amount, budget } of openings.find((opening) => opening.id === id)!.holds) {
      const state = seen.get(budget.scope) ?? { held: 0, most: 0, limit: budget.limit }
      state.held += by(amount)
      state.most = Math.max(state.most, state.held)
      seen.set(budget.scope, state)
    }
  }
  for (const step of steps) {
    if (step === "open") change(opened.next().value!.id, (amount) => amount)
    if (step === "settle") {
      const { cost, id } = settled.next().value!
      change(id, (amount) => (cost ?? 0) - amount)
    }
  }
  return seen
}

const each = (concurrency: number, usd: number, step = "") => `name: a
budget: {usd: ${usd}}
steps:
  - id: each
    type: foreach
    in: "\${input.items}"
    concurrency: ${concurrency}
    steps: [{id: s, type: llm, model: mock/m, max_tokens: ${maxTokens}, prompt: "item \${item}", output: x}]
    output: all
    ${step}
output: all
`

it("money: spent and held never pass the run's limit, and what fits is done", () =>
  FastCheck.assert(
    FastCheck.asyncProperty(
      FastCheck.integer({ min: 1, max: 5 }),
      FastCheck.integer({ min: 1, max: 9 }),
      FastCheck.integer({ min: 0, max: 3000 }),
      FastCheck.array(FastCheck.integer({ min: 1, max: maxTokens }), { minLength: 1, maxLength: 9 }),
      async (concurrency, count, micro, outputs) => {
        const made = scripted(outputs)
        const items = Array.from({ length: count }, (_, at) => at)
        const run = await runOf(made, each(concurrency, micro / 1_000_000), { items })
        const limits = [...highest(made).values()]
        for (const { limit, most } of limits) assert.isAtMost(most, limit)
        const spent = made.settlements.reduce((sum, { cost }) => sum + (cost ?? 0), 0)
        if (run.status === "succeeded") assert.strictEqual(made.openings.length, count)
        else {
          assert.deepInclude(run.error, { reason: "budget", step: "s" })
          // What was refused did not fit: at most the prompt's bytes and all that it may answer.
          assert.isAbove(spent + 1000 * (400 + 2 * maxTokens), micro * 1000)
        }
      }
    ),
    { numRuns: 30 }
  ))

it("a step's own budget holds back beside the run's, and the lower of them decides", async () => {
  const made = scripted([maxTokens])
  const run = await runOf(made, each(3, 1, "budget: {usd: 0.0011}"), { items: [1, 2, 3, 4, 5, 6, 7, 8] })
  assert.deepInclude(run.error, { reason: "budget", step: "s" })
  const scopes = highest(made)
  assert.strictEqual(scopes.size, 2)
  const own = [...scopes].find(([scope]) => scope.endsWith("/steps/each"))![1]
  assert.isAtMost(own.most, own.limit)
  assert.isAbove(made.settlements.length, 1)
})

it("tokens: spent and held never pass any of the limits, whatever runs at once, and nobody waits for ever", () =>
  FastCheck.assert(
    FastCheck.asyncProperty(
      FastCheck.integer({ min: 0, max: 400 }),
      FastCheck.array(
        FastCheck.record({
          most: FastCheck.integer({ min: 1, max: 90 }),
          share: FastCheck.double({ min: 0, max: 1, noNaN: true }),
          turns: FastCheck.integer({ min: 0, max: 5 })
        }),
        { maxLength: 12 }
      ),
      async (limit, calls) => {
        const budgets = TokenBudgets.make({ tokens: () => Effect.succeed(10) }, "r")
        let held = 10
        const one = ({ most, share, turns }: (typeof calls)[number]) => {
          const used = Math.floor(most * share)
          const call = Effect.gen(function* () {
            held += most
            assert.isAtMost(held, limit)
            for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow()
            held += used - most
          })
          const scopes = [{ path: null, limit: { nanoDollars: null, tokens: limit } }]
          return Effect.either(budgets.within(scopes, "s", Effect.succeed(most), call, () => used))
        }
        const results = await Effect.runPromise(Effect.forEach(calls, one, { concurrency: "unbounded" }))
        const refused = calls.filter((_, at) => results[at]?._tag === "Left")
        for (const { most } of refused) assert.isAbove(held + most, limit)
      }
    ),
    { numRuns: 300 }
  ))

it("the most that a request may use is what it says at most and what it may answer", async () => {
  const made = scripted([1])
  const most = (maxTokens?: number) =>
    Effect.flatMap(Gateway.Gateway, (gateway) =>
      gateway.mostTokens({
        model: "mock/m",
        messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
        ...(maxTokens === undefined ? {} : { maxTokens }),
        extra: {}
      })
    ).pipe(Effect.provide(made.layer), Effect.runPromise)
  assert.isAbove(await most(50), 50)
  assert.isBelow(await most(50), 300)
  assert.isAbove(await most(), 4096)
})
