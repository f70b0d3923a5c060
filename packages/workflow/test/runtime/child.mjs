/**
 * A program with durable runs: starts one, or takes up the one that is there, and kills itself when it is about to call
 * a model once more than it may. Each call to a model is a line of a file. It runs the built package.
 */
import * as Gateway from "@penstock/gateway/Gateway"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Engine from "@penstock/workflow/runtime/Engine"
import * as Http from "@penstock/workflow/runtime/Http"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"

const [database, calls, dieAfter] = process.argv.slice(2)

let count = 0

const source = `name: three
steps:
  - {id: one, type: llm, model: m, prompt: first, output: a}
  - {id: each, type: foreach, in: "\${[1, 2]}", steps: [{id: two, type: llm, model: m, prompt: "\${a} \${item}", output: x}], output: b}
  - {id: three, type: llm, model: m, prompt: "\${b}", output: c}
output: c
`

const gateway = Layer.succeed(Gateway.Gateway, {
  mostTokens: () => Effect.succeed(50),
  stream: (request) => {
    const said = request.messages.map(({ content }) => content.map(({ text }) => text).join("")).join("")
    if (++count > Number(dieAfter)) process.kill(process.pid, "SIGKILL")
    fs.appendFileSync(calls, `${said}\n`)
    const content = [{ type: "text", text: `<${said}>` }]
    return Stream.fromIterable(unfold({ id: "a", model: "m", content, finishReason: "stop", usage: null }))
  }
})
const ledger = Layer.succeed(Ledger, { flush: Effect.void, request: () => Effect.succeed(null) })

const layer = Engine.layerSqlite(database).pipe(
  Layer.provide(Layer.mergeAll(gateway, ledger, Tools.layerMemory(), Http.layerNone))
)

const program = Effect.gen(function* () {
  const runs = yield* Runs
  const [known] = yield* runs.list({})
  const { id } = known ?? (yield* runs.start(source, {}))
  const { output, status } = yield* runs.await(id)
  process.stdout.write(JSON.stringify({ status, output }))
})

await Effect.runPromise(Effect.provide(program, layer))
process.exit(0)
