/**
 * A caller's request for a response to the neutral model. What that has no word for is kept in `extra`: fields of the
 * request by their name, which the protocol of the same wire sends on, and what lies deeper by its path, which none
 * does.
 */
import {
  type ChatRequest,
  type Message,
  ReasoningEffort,
  type ResponseFormat,
  type Tool
} from "@penstock/schema/ChatRequest"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isObject, objectIn } from "../../wire/Json.ts"
import type { ReadOptions } from "../Dialect.ts"
import * as InvalidRequest from "../InvalidRequest.ts"
import { issuer } from "./Content.ts"
import * as CustomTool from "../CustomTool.ts"
import { leftovers } from "./Leftovers.ts"
import { messages } from "./ReadInput.ts"
import * as Wire from "./RequestWire.ts"

const decode = Schema.decodeUnknownEither(Wire.Request)
const decodeItems = Schema.decodeUnknownEither(Schema.Array(Wire.Item))
const isReasoningEffort = Schema.is(ReasoningEffort)

const functionOf = ({ description, name, parameters, strict }: Wire.FunctionTool): Tool => ({
  name,
  ...(description === undefined ? {} : { description }),
  ...(parameters === undefined ? {} : { parameters }),
  ...(strict === undefined ? {} : { strict })
})

const toolsOf = (tool: NonNullable<Wire.Request["tools"]>[number]): ReadonlyArray<Tool> => {
  switch (tool.type) {
    case "function":
      return [functionOf(tool)]
    case "custom":
      return [CustomTool.standIn(tool)]
    case "other":
      return []
  }
}

/** Undefined for a kind that the neutral model does not know. */
const formatOf = (
  format: NonNullable<NonNullable<Wire.Request["text"]>["format"]> | undefined
): ResponseFormat | undefined => (format === undefined || format.type === "other" ? undefined : format)

const choiceOf = (choice: Wire.Request["tool_choice"]): ChatRequest["toolChoice"] => {
  if (choice === undefined || typeof choice === "string") return choice
  return choice.type === "other" ? undefined : { tool: choice.name }
}

const request = (wire: Wire.Request, body: unknown, earlier: ReadonlyArray<Wire.Item>): ChatRequest => {
  const {
    input,
    instructions = "",
    previous_response_id: _,
    reasoning,
    stream_options: __,
    text,
    tool_choice: choice,
    tools,
    ...same
  } = wire
  const raw = objectIn(body)
  const extra: Record<string, unknown> = leftovers(raw, Wire.knownFields)
  for (const [at, tool] of (tools ?? []).entries()) {
    if (tool.type === "other") extra[`tools.${at}`] = tool.value
    // Text is asked for, and any text may come.
    if (tool.type === "custom") extra[`tools.${at}.format`] = tool.format ?? { type: "text" }
  }
  const toolChoice = choiceOf(choice)
  if (choice !== undefined && toolChoice === undefined) extra["tool_choice"] = raw["tool_choice"]
  const format = formatOf(text?.format)
  if (text?.format !== undefined && format === undefined) extra["text.format"] = text.format
  if (text?.verbosity !== undefined) extra["verbosity"] = text.verbosity
  const { effort: asked, ...thought } = objectIn(raw["reasoning"])
  const effort = reasoning?.effort
  // An effort that the neutral model does not know goes with the rest of what is said about reasoning.
  const own = isReasoningEffort(effort) || effort === undefined ? thought : { effort: asked, ...thought }
  if (Object.values(own).some((value) => value !== null)) extra["reasoning"] = own

  const items =
    typeof input === "string" ? [{ type: "message" as const, role: "user" as const, content: input }] : input
  const all: ReadonlyArray<Message> = [
    ...(instructions === ""
      ? []
      : [{ role: "system" as const, content: [{ type: "text" as const, text: instructions }] }]),
    ...messages(earlier, "previous_response", extra),
    ...messages(items, "input", extra)
  ]
  return {
    ...same,
    dialect: issuer,
    messages: Arr.isNonEmptyReadonlyArray(all) ? all : [{ role: "user", content: [] }],
    ...(tools === undefined ? {} : { tools: tools.flatMap(toolsOf) }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(format === undefined ? {} : { responseFormat: format }),
    ...(isReasoningEffort(effort) ? { reasoningEffort: effort } : {}),
    extra
  }
}

const isReference = (item: Wire.Item): boolean => item.type === "other" && item.value["type"] === "item_reference"

/**
 * The items of earlier turns. What a request refers to and does not say must be given, or else the model would answer
 * to half of it.
 */
const resolved = (
  { input, previous_response_id: previous }: Wire.Request,
  body: unknown,
  earlier: ReadonlyArray<unknown> | undefined
): Either.Either<ReadonlyArray<Wire.Item>, GatewayError.GatewayError> => {
  const { conversation } = objectIn(body)
  if (conversation !== undefined && conversation !== null) {
    return Either.left(InvalidRequest.make("conversation", "expected none: only the provider that keeps it can go on"))
  }
  const reference = typeof input === "string" ? -1 : input.findIndex(isReference)
  if (reference >= 0) {
    const problem = "expected the item itself: what this refers to is at another provider"
    return Either.left(InvalidRequest.make(`input.${reference}`, problem))
  }
  if (earlier !== undefined) return Either.mapLeft(decodeItems(Wire.typed(earlier)), InvalidRequest.fromParseError)
  if (previous === undefined) return Either.right([])
  const message = `The response "${previous}" is not kept here: send its items as input instead.`
  const code = "previous_response_not_found"
  return Either.left(GatewayError.make("invalid_request", message, { param: "previous_response_id", code }))
}

const typed = (body: unknown): unknown => (isObject(body) ? { ...body, input: Wire.typed(body["input"]) } : body)

export const read = (
  body: unknown,
  { earlier }: ReadOptions = {}
): Either.Either<ChatRequest, GatewayError.GatewayError> =>
  Either.flatMap(Either.mapLeft(decode(typed(body)), InvalidRequest.fromParseError), (wire) =>
    Either.map(resolved(wire, body, earlier), (items) => request(wire, body, items))
  )
