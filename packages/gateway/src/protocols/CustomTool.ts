/**
 * Tools that are called with free text instead of JSON. Only OpenAI has them, in chat completions and in responses;
 * elsewhere a function with one argument
 * stands in, and what it is called with is turned back into the text. A grammar for the text can only be told there.
 */
import type { Tool } from "@penstock/schema/ChatRequest"
import { isObject, type JsonObject, listIn, objectIn, parse, stringIn } from "../wire/Json.ts"

/** A tool as both wires have it. */
export interface CustomTool {
  readonly name: string
  readonly description?: string | undefined
  readonly format?: JsonObject | undefined
}

const parameters = {
  type: "object",
  properties: { input: { type: "string", description: "The whole input of the tool, as plain text" } },
  required: ["input"],
  additionalProperties: false
}

/** Empty where any text will do. */
const grammar = (format: JsonObject): string => {
  const asked = isObject(format["grammar"]) ? format["grammar"] : format
  const definition = stringIn(asked["definition"])
  return definition === "" ? "" : `The input must follow this ${stringIn(asked["syntax"])} grammar:\n${definition}`
}

/** The function that stands in for a tool. */
export const standIn = ({ description = "", format = {}, name }: CustomTool): Tool => {
  const told = [description, grammar(format)].filter((text) => text !== "").join("\n\n")
  return { name, ...(told === "" ? {} : { description: told }), parameters }
}

/** Chat completions have a tool below a field named like its kind, responses do not. */
const nameOf = (tool: JsonObject): string => stringIn((isObject(tool["custom"]) ? tool["custom"] : tool)["name"])

/** The names of a request's tools that are called with text. */
export const namesIn = (request: JsonObject | undefined): ReadonlySet<string> =>
  new Set(
    listIn(request?.["tools"]).flatMap((tool) => (isObject(tool) && tool["type"] === "custom" ? [nameOf(tool)] : []))
  )

/** The arguments of the stand-in's call for a text. */
export const argumentsOf = (input: string): string => JSON.stringify({ input })

/** The text that the stand-in was called with. A model that wrote something else meant that. */
export const inputOf = (args: string): string => {
  const { input } = objectIn(parse(args))
  return typeof input === "string" ? input : args
}
