/**
 * A caller's Messages request to the neutral model. What that has no word for is kept in `extra`: fields of the request
 * by their name, which the protocol of the same wire sends on, and what lies deeper by its path, which none does.
 */
import { type ChatRequest, type Message, ReasoningEffort, type Tool } from "@penstock/schema/ChatRequest"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as InvalidRequest from "../InvalidRequest.ts"
import { objectIn } from "../../wire/Json.ts"
import { issuer } from "./Content.ts"
import { leftovers } from "./Leftovers.ts"
import { messages, texts } from "./ReadMessages.ts"
import * as Wire from "./RequestWire.ts"

const decode = Schema.decodeUnknownEither(Wire.Request)
const isReasoningEffort = Schema.is(ReasoningEffort)

/**
 * How hard a model that knows no budget should think. The steps are half way between the budgets that efforts amount
 * to in the other direction.
 */
const effortOf = (budget: number): ReasoningEffort => (budget < 4096 ? "low" : budget < 12_288 ? "medium" : "high")

const effort = ({ output_config: output, thinking }: Wire.Request): ReasoningEffort | undefined => {
  const asked = output?.effort === "max" ? "xhigh" : output?.effort
  if (isReasoningEffort(asked)) return asked
  return thinking?.type === "enabled" ? effortOf(thinking.budget_tokens) : undefined
}

const toolOf = ({ description, input_schema: parameters, name, strict }: Wire.CustomTool): Tool => ({
  name,
  ...(description === undefined ? {} : { description }),
  parameters,
  ...(strict === undefined ? {} : { strict })
})

const toolChoice = (choice: NonNullable<Wire.Request["tool_choice"]>): NonNullable<ChatRequest["toolChoice"]> => {
  switch (choice.type) {
    case "tool":
      return { tool: choice.name }
    case "any":
      return "required"
    default:
      return choice.type
  }
}

const request = (wire: Wire.Request, body: unknown): ChatRequest => {
  const {
    messages: said,
    metadata,
    output_config: output,
    system,
    thinking,
    tool_choice: choice,
    tools,
    ...same
  } = wire
  const raw = objectIn(body)
  const extra: Record<string, unknown> = leftovers(raw, Wire.knownFields)
  // As they came: our own protocol knows more of them than an effort.
  if (thinking !== undefined) extra["thinking"] = raw["thinking"]
  const { format: _, ...output_config } = objectIn(raw["output_config"])
  if (Object.keys(output_config).length > 0) extra["output_config"] = output_config
  for (const [position, tool] of (tools ?? []).entries()) {
    if (tool.type === "other") extra[`tools.${position}`] = tool.value
  }
  const conversation = messages(said, extra)
  const instructions = system === undefined ? [] : texts(system)
  const all: ReadonlyArray<Message> =
    instructions.length === 0 ? conversation : [{ role: "system", content: instructions }, ...conversation]
  const reasoningEffort = effort(wire)
  return {
    ...same,
    dialect: issuer,
    messages: Arr.isNonEmptyReadonlyArray(all) ? all : [{ role: "user", content: [] }],
    ...(tools === undefined
      ? {}
      : {
          tools: tools.flatMap((tool) => (tool.type === "other" ? [] : [toolOf(tool)]))
        }),
    ...(choice === undefined ? {} : { toolChoice: toolChoice(choice) }),
    ...(choice?.disable_parallel_tool_use === undefined
      ? {}
      : { parallelToolCalls: !choice.disable_parallel_tool_use }),
    ...(output?.format === undefined
      ? {}
      : { responseFormat: { type: "json_schema", name: "response", schema: output.format.schema } }),
    ...(reasoningEffort === undefined ? {} : { reasoningEffort }),
    ...(metadata?.user_id === undefined ? {} : { user: metadata.user_id }),
    extra
  }
}

export const read = (body: unknown): Either.Either<ChatRequest, GatewayError> =>
  Either.mapBoth(decode(body), {
    onLeft: InvalidRequest.fromParseError,
    onRight: (wire) => request(wire, body)
  })
