/** A `message`, with its parts in the order in which the model wrote them. */
import type {
  ContentBlock,
  Message,
  RefusalStopDetails,
  StopReason,
  TextBlock,
  ToolUseBlock
} from "@anthropic-ai/sdk/resources/messages"
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion, FinishReason } from "@penstock/schema/Completion"
import type { AnswerContext } from "../Dialect.ts"
import * as Issuer from "../Issuer.ts"
import { callInput, issuer } from "./Content.ts"
import * as Usage from "./Usage.ts"

const words: { readonly [R in FinishReason]: StopReason } = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  content_filter: "refusal"
}

export interface Ending {
  readonly stop_reason: StopReason
  readonly stop_sequence: string | null
  readonly stop_details: RefusalStopDetails | null
}

/**
 * How an answer ended. A model's refusal is no block of its content but a way to end; OpenAI's models refuse and say
 * `stop`. `refusal` is empty when there was none.
 */
export const ending = (
  { finishReason, stopSequence }: Pick<Completion, "finishReason" | "stopSequence">,
  refusal: string
): Ending => {
  if (refusal !== "") {
    const stop_details = { type: "refusal", category: null, explanation: refusal } as const
    return { stop_reason: "refusal", stop_sequence: null, stop_details }
  }
  const met = finishReason === "stop" ? stopSequence : undefined
  return {
    stop_reason: met === undefined ? words[finishReason] : "stop_sequence",
    stop_sequence: met ?? null,
    stop_details: null
  }
}

/** A call whose input is still to come. */
export const toolUse = (id: string, name: string): ToolUseBlock => ({
  type: "tool_use",
  id,
  name,
  input: {},
  caller: { type: "direct" }
})

/**
 * A block as Anthropic sends it: a text that cites nothing has no `citations`, though the official types have `null`
 * there. Clients that check what they read refuse that.
 */
export type Block = Exclude<ContentBlock, TextBlock> | Omit<TextBlock, "citations">

/** Empty for a refusal: see `ending`. */
const block = (part: AssistantPart): ReadonlyArray<Block> => {
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }]
    case "reasoning":
      return part.redacted === true
        ? [{ type: "redacted_thinking", data: Issuer.write(part, issuer) }]
        : [{ type: "thinking", thinking: part.text, signature: Issuer.write(part, issuer) }]
    case "tool-call":
      return [{ ...toolUse(part.id, part.name), input: callInput(part.arguments) }]
    case "refusal":
      return []
  }
}

/** An answer needs an id; a provider that gave none (or a local model) still gets a stable one. */
export const idOf = (id: string, created: number): string => (id === "" ? `msg_${created}` : id)

export const write = (completion: Completion, context: AnswerContext): { readonly [key: string]: unknown } => {
  const refusal = completion.content.map((part) => (part.type === "refusal" ? part.text : "")).join("")
  return {
    id: idOf(completion.id, context.created),
    type: "message",
    role: "assistant",
    model: completion.model,
    content: completion.content.flatMap(block),
    ...ending(completion, refusal),
    container: null,
    diagnostics: null,
    usage: Usage.write(completion.usage)
  } satisfies Omit<Message, "content"> & { readonly content: ReadonlyArray<Block> }
}
