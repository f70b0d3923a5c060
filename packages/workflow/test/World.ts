/** The catalogues that a case is checked against, read from data. */
import { fromUsd, priceFromUsdPerMillion } from "@penstock/schema/Money"
import * as fs from "node:fs"
import * as path from "node:path"
import { parse } from "yaml"
import type { Catalogues, ModelFacts, ToolFacts, WorkflowFacts } from "@penstock/workflow/checker/Catalogues"
import { fromSchema } from "@penstock/workflow/types/FromSchema"
import type { JsonSchema } from "@penstock/workflow/types/Shape"

interface World {
  readonly models: Record<
    string,
    { context: number | null; output: number | null; input_usd?: number; output_usd?: number }
  >
  readonly servers: Record<string, Record<string, { input: JsonSchema; output?: JsonSchema }> | null>
  readonly workflows: Record<
    string,
    { inputs: JsonSchema; output: JsonSchema; calls: Array<string>; worst_usd: number }
  >
  readonly hosts: Array<string>
  readonly secrets: Array<string>
}

const file = path.resolve(import.meta.dirname, "..", "testdata", "world.yaml")

const mapValues = <A, B>(record: Record<string, A>, f: (value: A) => B): ReadonlyMap<string, B> =>
  new Map(Object.entries(record).map(([name, value]) => [name, f(value)]))

export const load = (): Required<Catalogues> => {
  const world = parse(fs.readFileSync(file, "utf8")) as World
  const models = mapValues(world.models, ({ context, input_usd, output, output_usd }): ModelFacts => ({
    contextTokens: context,
    maxOutputTokens: output,
    price:
      input_usd === undefined || output_usd === undefined
        ? null
        : { input: priceFromUsdPerMillion(input_usd), output: priceFromUsdPerMillion(output_usd) }
  }))
  const servers = mapValues(world.servers, (tools) =>
    tools === null
      ? null
      : mapValues(tools, ({ input, output }): ToolFacts => ({ inputSchema: input, outputSchema: output ?? null }))
  )
  const workflows = mapValues(world.workflows, ({ calls, inputs, output, worst_usd }): WorkflowFacts => ({
    inputs,
    outputType: fromSchema(output),
    calls,
    worstCost: fromUsd(worst_usd)
  }))
  return {
    models: { find: (name) => models.get(name) ?? null, names: [...models.keys()] },
    tools: { servers: [...servers.keys()], tools: (server) => servers.get(server) ?? null },
    workflows: { find: (name) => workflows.get(name) ?? null, names: [...workflows.keys()] },
    hosts: { allows: (host) => world.hosts.includes(host), names: world.hosts },
    secrets: world.secrets
  }
}
