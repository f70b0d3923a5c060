/** A conversation as a workflow's input: what the user said last, and all that was said. */
import { isObject } from "@penstock/gateway/wire/Json"
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import type { JsonSchema } from "@penstock/workflow/types/Shape"

const textOf = ({ content }: Message): string =>
  content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n")

const propertiesOf = (schema: JsonSchema): { readonly [name: string]: unknown } =>
  isObject(schema["properties"]) ? schema["properties"] : {}

/** Under which name the text is taken: `text`, else the one input that there must be. */
const nameOfText = (schema: JsonSchema): string => {
  const { required } = schema
  const [only, ...others]: ReadonlyArray<unknown> = Array.isArray(required) ? required : []
  if ("text" in propertiesOf(schema) || typeof only !== "string" || others.length > 0) return "text"
  const declared = propertiesOf(schema)[only]
  return isObject(declared) && declared["type"] === "string" ? only : "text"
}

/** `messages` are given to a workflow that asks for them, or that does not say what it asks for. */
export const of = ({ messages }: ChatRequest, schema: JsonSchema | null): { readonly [name: string]: unknown } => {
  const said = messages.findLast(({ role }) => role === "user")
  const text = said === undefined ? "" : textOf(said)
  const all = messages.flatMap((message) =>
    message.role === "tool" ? [] : [{ role: message.role, content: textOf(message) }]
  )
  if (schema === null) return { text, messages: all }
  return { [nameOfText(schema)]: text, ...("messages" in propertiesOf(schema) ? { messages: all } : {}) }
}
