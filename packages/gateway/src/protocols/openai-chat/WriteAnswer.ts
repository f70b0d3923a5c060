/** A `chat.completion`. Parts of a kind become one, in the order of this wire: reasoning, text, refusal, tool calls. */
import type { AssistantPart, ToolCallPart } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import type { ChatCompletion } from "openai/resources/chat/completions"
import type { AnswerContext } from "../Dialect.ts"
import * as CustomTool from "../CustomTool.ts"
import * as Reasoning from "./Reasoning.ts"
import * as Usage from "./Usage.ts"

const joined = (content: ReadonlyArray<AssistantPart>, type: "text" | "refusal"): string | null => {
  const texts = content.flatMap((part) => (part.type === type ? [part.text] : []))
  return texts.length === 0 ? null : texts.join("")
}

export const toolCall = (call: ToolCallPart) => ({
  id: call.id,
  type: "function" as const,
  function: { name: call.name, arguments: call.arguments }
})

const customCall = ({ arguments: text, id, name }: ToolCallPart) => ({
  id,
  type: "custom" as const,
  custom: { name, input: CustomTool.inputOf(text) }
})

/** An answer needs an id; a provider that gave none (or a local model) still gets a stable one. */
export const idOf = (id: string, created: number): string => (id === "" ? `chatcmpl-${created}` : id)

export const write = (completion: Completion, context: AnswerContext): { readonly [key: string]: unknown } => {
  const { content } = completion
  const calls = content.filter((part) => part.type === "tool-call")
  const custom = CustomTool.namesIn(context.asked)
  const message = {
    role: "assistant" as const,
    content: joined(content, "text"),
    refusal: joined(content, "refusal"),
    ...Reasoning.write(content.filter((part) => part.type === "reasoning")),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map((call) => (custom.has(call.name) ? customCall(call) : toolCall(call))) })
  }
  const choice = {
    index: 0,
    message,
    logprobs: null,
    finish_reason: completion.finishReason,
    ...(completion.stopSequence === undefined ? {} : { stop_reason: completion.stopSequence })
  }
  return {
    id: idOf(completion.id, context.created),
    object: "chat.completion",
    created: context.created,
    model: completion.model,
    choices: [choice],
    ...(completion.usage === null ? {} : { usage: Usage.write(completion.usage) })
  } satisfies ChatCompletion
}
