/** `penstock mcp call`: one call of one tool. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { isRecord } from "effect/Predicate"
import { CommandFailed } from "../CommandFailed.ts"
import { configFile } from "../ConfigOption.ts"
import { jsonOrText } from "../workflow/WorkflowOptions.ts"
import { withHub } from "./WithHub.ts"

const options = {
  config: configFile,
  format: jsonOrText,
  arg: Options.text("arg").pipe(
    Options.withPseudoName("name=value"),
    Options.repeated,
    Options.withDescription("An argument; name=@FILE takes the file's text. What is JSON counts as such")
  ),
  server: Args.text({ name: "server" }),
  tool: Args.text({ name: "tool" })
}

/** A text where the tool takes one, else JSON where it is some. */
const valueOf = (text: string, type: unknown): unknown => {
  if (type === "string") return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const typeOf = (schema: { readonly [key: string]: unknown }, name: string): unknown => {
  const { properties } = schema
  const property = isRecord(properties) ? properties[name] : undefined
  return isRecord(property) ? property["type"] : undefined
}

/** `name=value` and `name=@file`, as pairs of name and text. */
const readArgument = Effect.fnUntraced(function* (given: string) {
  const at = given.indexOf("=")
  if (at < 1) {
    const text = `--arg ${given}: expected name=value, or name=@FILE`
    return yield* new CommandFailed({ exitCode: 2, text })
  }
  const [name, value] = [given.slice(0, at), given.slice(at + 1)]
  if (!value.startsWith("@")) return [name, value] as const
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    files.readFileString(value.slice(1)),
    ({ message }) =>
      new CommandFailed({ exitCode: 2, text: `--arg ${name}: ${value.slice(1)} cannot be read: ${message}` })
  )
  return [name, text] as const
})

const partOf = (content: { readonly type: string; readonly text?: unknown }): string =>
  typeof content.text === "string" ? content.text : JSON.stringify(content)

export const command = Command.make("call", options, ({ arg, config, format, server, tool }) =>
  Effect.gen(function* () {
    const given = yield* Effect.forEach(arg, readArgument)
    const result = yield* withHub(config, (hub) =>
      Effect.gen(function* () {
        const known = (yield* hub.tools(server)).find((each) => each.tool === tool)
        const schema = known?.inputSchema ?? {}
        const args = Object.fromEntries(given.map(([name, text]) => [name, valueOf(text, typeOf(schema, name))]))
        return yield* hub.call(server, tool, args)
      })
    )
    yield* Console.log(format === "json" ? JSON.stringify(result, null, 2) : result.content.map(partOf).join("\n"))
    if (result.isError) {
      return yield* new CommandFailed({ exitCode: 1, text: `${tool} of ${server} says that it failed.`, printed: true })
    }
  })
).pipe(Command.withDescription("Call a tool of a configured server"))
