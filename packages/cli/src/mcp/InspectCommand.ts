/** `penstock mcp inspect`: everything that one server offers. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import { configFile } from "../ConfigOption.ts"
import { jsonOrText } from "../workflow/WorkflowOptions.ts"
import { withHub } from "./WithHub.ts"

const options = {
  config: configFile,
  format: jsonOrText,
  server: Args.text({ name: "server" })
}

interface Tool {
  readonly name: string
  readonly description: string
  readonly inputSchema: { readonly [key: string]: unknown }
}

/** `path: string (required)`, a line for each argument. */
const argumentsOf = ({ properties, required }: Tool["inputSchema"]): ReadonlyArray<string> => {
  const needed: ReadonlyArray<unknown> = Array.isArray(required) ? required : []
  return Object.entries(isRecord(properties) ? properties : {}).map(([name, schema]) => {
    const type = isRecord(schema) && typeof schema["type"] === "string" ? schema["type"] : "any"
    return `    ${name}: ${type}${needed.includes(name) ? " (required)" : ""}`
  })
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? ""

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : [`${title}:`, ...lines]

export const command = Command.make("inspect", options, ({ config, format, server }) =>
  withHub(config, (hub) =>
    Effect.gen(function* () {
      const tools: ReadonlyArray<Tool> = (yield* hub.tools(server)).map(({ description, inputSchema, tool }) => ({
        name: tool,
        description,
        inputSchema
      }))
      const library = hub.library((name) => name === server)
      const [resources, templates, prompts] = yield* Effect.all([library.resources, library.templates, library.prompts])
      const lines =
        format === "json"
          ? [JSON.stringify({ server, tools, resources, resourceTemplates: templates, prompts }, null, 2)]
          : [
              ...section(
                `${tools.length} tools`,
                tools.flatMap((tool) => [
                  `  ${tool.name}  ${firstLine(tool.description)}`,
                  ...argumentsOf(tool.inputSchema)
                ])
              ),
              ...section(
                "resources",
                [...resources.map(({ uri }) => uri), ...templates.map(({ uriTemplate }) => uriTemplate)].map(
                  (address) => `  ${address}`
                )
              ),
              ...section(
                "prompts",
                prompts.map(({ name }) => `  ${name}`)
              )
            ]
      yield* Console.log(lines.join("\n"))
    })
  )
).pipe(Command.withDescription("What a server offers: tools with their arguments, resources, prompts"))
