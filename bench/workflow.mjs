/**
 * What workflows cost: durable steps per second and the CPU of one, on a file of SQLite and in memory, and the time that a
 * long file takes to be compiled. The model is a function that answers at once, so that what is measured is ours.
 *
 * node bench/workflow.mjs [steps, 1000]   (build first)
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Gateway } from "../packages/gateway/dist/Gateway.js"
import { Ledger } from "../packages/gateway/dist/ledger/Ledger.js"
import { unfold } from "../packages/schema/dist/StreamEvent.js"
import * as Compiler from "../packages/workflow/dist/compiler/Compiler.js"
import * as Engine from "../packages/workflow/dist/runtime/Engine.js"
import * as Http from "../packages/workflow/dist/runtime/Http.js"
import { Runs } from "../packages/workflow/dist/runtime/Runs.js"
import * as Tools from "../packages/workflow/dist/runtime/Tools.js"
import * as Machine from "./machine.mjs"

const steps = Number(process.argv[2] ?? 1000)
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-bench-"))

const answer = {
  id: "a",
  model: "m",
  content: [{ type: "text", text: "done" }],
  finishReason: "stop",
  usage: null
}
const world = Layer.mergeAll(
  Layer.succeed(Gateway, {
    stream: () => Stream.fromIterable(unfold(answer)),
    mostTokens: () => Effect.succeed(0)
  }),
  Layer.succeed(Ledger, { flush: Effect.void, request: () => Effect.succeed(null) }),
  Tools.layerMemory(),
  Http.layerNone
)

const source = (concurrency) => `name: bench
steps:
  - id: each
    type: foreach
    in: "\${input.items}"
    concurrency: ${concurrency}
    steps: [{id: ask, type: llm, model: m, prompt: "item \${item}", output: x}]
    output: all
output: \${all.size()}
`

/** Steps per second, and microseconds of CPU for one. */
const measure = async (engine, concurrency) => {
  const run = (count) =>
    Effect.gen(function* () {
      const runs = yield* Runs
      const { id } = yield* runs.start(source(concurrency), { items: Array.from({ length: count }, (_, at) => at) })
      const { error, output, status } = yield* runs.await(id)
      if (status !== "succeeded" || output !== count) throw new Error(`${status} ${JSON.stringify(error)}`)
    })
  const program = Effect.gen(function* () {
    yield* run(Math.min(100, steps))
    const began = performance.now()
    const cpu = process.cpuUsage()
    yield* run(steps)
    const { system, user } = process.cpuUsage(cpu)
    const seconds = (performance.now() - began) / 1000
    return { perSecond: steps / seconds, cpuMicros: (system + user) / steps }
  })
  return await Effect.runPromise(Effect.provide(program, Layer.provide(engine, world)))
}

/** Steps of every kind, each using the one before. */
const longFile = (count) => {
  const lines = ["name: long", "steps:"]
  for (let at = 0; at < count; at++) {
    // An `llm` step gives a text, and a `set` step an object.
    const before = at === 0 ? "input.text" : at % 5 === 0 ? `v${at - 1}` : `v${at - 1}.x`
    lines.push(
      at % 5 === 4
        ? `  - {id: s${at}, type: llm, model: m, prompt: "Say \${${before}} again", output: v${at}}`
        : `  - {id: s${at}, type: set, values: {x: "\${string(${before}) + 'a'}"}, output: v${at}}`
    )
  }
  return [...lines, `output: v${count - 1}`, ""].join("\n")
}

/** Milliseconds; the best of three, because others use the machine. */
const compileTime = (count) => {
  const text = longFile(count)
  let best = Infinity
  for (let round = 0; round < 3; round++) {
    const began = performance.now()
    const { diagnostics, plan } = Compiler.compile(text)
    if (plan === null) throw new Error(JSON.stringify(diagnostics[0]))
    best = Math.min(best, performance.now() - began)
  }
  return best
}

const engines = [
  ["memory, one at a time", () => measure(Engine.layerMemory, 1)],
  ["memory, 10 at once", () => measure(Engine.layerMemory, 10)],
  ["SQLite, one at a time", () => measure(Engine.layerSqlite(path.join(folder, "one.db")), 1)],
  ["SQLite, 10 at once", () => measure(Engine.layerSqlite(path.join(folder, "ten.db")), 10)]
]

try {
  const rows = []
  for (const [name, take] of engines) {
    const { cpuMicros, perSecond } = await take()
    rows.push(`| ${name} | ${perSecond.toFixed(0)} | ${(cpuMicros / 1000).toFixed(2)} ms |`)
    console.log(rows.at(-1))
  }
  compileTime(100)
  const times = [500, 1000, 2000].map((count) => [count, compileTime(count)])
  for (const [count, millis] of times) console.log(`${count} steps compiled in ${millis.toFixed(0)} ms`)
  const { cores, cpu, load, node, system } = Machine.describe()
  const text = `# Workflows: figures

Written by \`npm run bench:workflow\` on ${cores} cores of ${cpu}, ${system}, Node ${node}, under a load of
${load.toFixed(1)}. The model answers at once, so that all time is ours.

| engine | \`llm\` steps per second, of ${steps} in a \`foreach\` | CPU per step |
| --- | --: | --: |
${rows.join("\n")}

| steps of a file | compiled in | per step |
| --: | --: | --: |
${times.map(([count, millis]) => `| ${count} | ${millis.toFixed(0)} ms | ${((1000 * millis) / count).toFixed(0)} µs |`).join("\n")}
`
  fs.writeFileSync(new URL("WORKFLOW.md", import.meta.url), text)
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
