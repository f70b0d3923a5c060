// A workflow from a script, without a server: node examples/run-workflow.mjs
import { run } from "@penstock/server/run"

const { metrics, output } = await run(
  new URL("../workflows/summarize.yaml", import.meta.url).pathname,
  { text: "A penstock is a gate and a pipe: water comes in at the gate and drives the turbine at its end." },
  { onEvent: ({ data, type }) => type === "token" && process.stdout.write(data.text) }
)
console.log("\n--\n%s\n$%d, %d tokens", output, metrics.total_cost_usd, metrics.total_tokens)
