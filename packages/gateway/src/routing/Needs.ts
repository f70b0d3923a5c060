/** What a request needs a model to be able to do, and whether a target says that it is. */
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import type { Capabilities } from "@penstock/schema/config/Failover"

export interface Needs {
  readonly tools: boolean
  readonly vision: boolean
  readonly jsonSchema: boolean
  readonly reasoning: boolean
}

export const none: Needs = { tools: false, vision: false, jsonSchema: false, reasoning: false }

const hasImage = (message: Message): boolean =>
  (message.role === "user" && message.content.some(({ type }) => type === "image")) ||
  (message.role === "tool" && message.content.some(({ content }) => content.some(({ type }) => type === "image")))

export const of = ({ messages, reasoningEffort, responseFormat, tools }: ChatRequest): Needs => ({
  tools: tools !== undefined && tools.length > 0,
  vision: messages.some(hasImage),
  jsonSchema: responseFormat?.type === "json_schema",
  reasoning: reasoningEffort !== undefined && reasoningEffort !== "none"
})

/** Only what a target denies counts against it: most say nothing. */
export const lacking = (needs: Needs, can: Capabilities): ReadonlyArray<string> =>
  [
    needs.tools && can.tools === false ? "tools" : "",
    needs.vision && can.vision === false ? "vision" : "",
    needs.jsonSchema && can.json_schema === false ? "json_schema" : "",
    needs.reasoning && can.reasoning === false ? "reasoning" : ""
  ].filter((word) => word !== "")
