/**
 * Workflows inside of an Effect program of your own: the same engine, with tools that are functions of this program, and
 * a model behind the `Gateway` that you compose.
 *
 *     npm run build
 *     node examples/dist/workflow-effect.js
 */
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Gateway from "@penstock/gateway/Gateway"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Router from "@penstock/gateway/routing/Router"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Engine from "@penstock/workflow/runtime/Engine"
import * as Http from "@penstock/workflow/runtime/Http"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const workflow = `
name: depth-report
inputs: { place: string }
steps:
  - { id: measure, type: mcp_tool, server: gauges, tool: depth, params: { place: "\${input.place}" }, output: depth }
  - { id: review, type: approve, prompt: "\${depth.metres} metres at \${input.place}?", output: decision }
  - { id: report, type: llm, model: demo/echo, prompt: "The water at \${input.place} is \${depth.metres} metres deep.", output: text }
output: text
`

/** A tool server that is a function of this program; `McpHub` is what leads to real ones. */
const layerTools = Tools.layerMemory({
  gauges: [
    {
      name: "depth",
      description: "How deep the water is, in metres",
      inputSchema: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
      call: () => Effect.succeed({ content: [], structuredContent: { metres: 4.2 }, isError: false })
    }
  ]
})

const layerGateway = Gateway.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Router.layer, Breakers.layer, Latencies.layer, Budgets.layer, RateLimits.layer)),
  Layer.provideMerge(LedgerMemory.layer),
  Layer.provideMerge(PriceBook.layer),
  Layer.provide(ProviderRegistry.layer.pipe(Layer.provide(HttpTransport.layer))),
  Layer.provide(Settings.layer(Schema.decodeSync(PenstockConfig)({})))
)

/** `Engine.layerSqlite("runs.db")` instead, and runs go on when the program starts again. */
const layer = Engine.layerMemory.pipe(Layer.provide(Layer.mergeAll(layerGateway, layerTools, Http.layerNone)))

const program = Effect.gen(function* () {
  const runs = yield* Runs
  const { id } = yield* runs.start(workflow, { place: "the intake" })
  yield* runs.events(id).pipe(
    Stream.runForEach(({ data, step, type }) =>
      Effect.gen(function* () {
        yield* Console.log(type, step ?? "", type === "token" ? data : "")
        if (type === "step.started" && step === "steps/review") yield* runs.signal(id, "review", { approved: true })
      })
    )
  )
  const { metrics, output, status } = yield* runs.get(id)
  yield* Console.log(status, output, metrics?.total_tokens)
})

await Effect.runPromise(Effect.provide(program, layer))
