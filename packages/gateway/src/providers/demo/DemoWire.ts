/** The demo's answers on OpenAI's chat completions wire. */
import type { DemoAnswer, ToolCall } from "./DemoAnswer.ts"
import { tokensOf } from "./Tokens.ts"

export interface Stamp {
  readonly id: string
  /** Seconds since the epoch. */
  readonly created: number
}

/** Seen in every answer: nobody is to take this for a model. */
export const fingerprint = "demo-no-ai"

const usage = (answer: DemoAnswer, choices: number) => ({
  prompt_tokens: answer.promptTokens,
  completion_tokens: answer.completionTokens * choices,
  total_tokens: answer.promptTokens + answer.completionTokens * choices
})

/** Told apart by the answer, the choice and the position, so that ids stay unique over a conversation. */
const callId = (stamp: Stamp, choice: number, index: number): string =>
  `call_${stamp.id.replace("chatcmpl-", "")}_${choice}_${index}`

const choicesOf = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

export const whole = (answer: DemoAnswer, stamp: Stamp, choices: number) => ({
  id: stamp.id,
  object: "chat.completion",
  created: stamp.created,
  model: `demo/${answer.model}`,
  choices: choicesOf(choices).map((choice) => ({
    index: choice,
    message: {
      role: "assistant",
      content: answer.toolCalls.length > 0 ? null : answer.text,
      refusal: null,
      ...(answer.toolCalls.length === 0
        ? {}
        : {
            tool_calls: answer.toolCalls.map((call, index) => ({
              id: callId(stamp, choice, index),
              type: "function",
              function: { name: call.name, arguments: call.arguments }
            }))
          })
    },
    logprobs: null,
    finish_reason: answer.finishReason
  })),
  usage: usage(answer, choices),
  system_fingerprint: fingerprint
})

const callDeltas = function* (call: ToolCall, index: number, id: string): Generator<object> {
  yield { tool_calls: [{ index, id, type: "function", function: { name: call.name, arguments: "" } }] }
  for (const piece of tokensOf(call.arguments)) yield { tool_calls: [{ index, function: { arguments: piece } }] }
}

/** What one choice streams: the role first, then a token at a time. */
const deltas = function* (answer: DemoAnswer, stamp: Stamp, choice: number): Generator<object> {
  yield { role: "assistant", content: answer.toolCalls.length > 0 ? null : "", refusal: null }
  for (const content of tokensOf(answer.text)) yield { content }
  for (const [index, call] of answer.toolCalls.entries()) yield* callDeltas(call, index, callId(stamp, choice, index))
}

/** The frames of a streamed answer, written as they are read: a long answer is never there as a whole. */
export const frames = function* (
  answer: DemoAnswer,
  stamp: Stamp,
  choices: number,
  includeUsage: boolean
): Generator<string> {
  const chunk = (fields: object): string =>
    `data: ${JSON.stringify({
      id: stamp.id,
      object: "chat.completion.chunk",
      created: stamp.created,
      model: `demo/${answer.model}`,
      ...fields,
      system_fingerprint: fingerprint
    })}\n\n`
  const counts = includeUsage ? { usage: null } : {}
  const choiceChunk = (index: number, delta: object, finish_reason: string | null): string =>
    chunk({ choices: [{ index, delta, logprobs: null, finish_reason }], ...counts })
  for (const choice of choicesOf(choices)) {
    for (const delta of deltas(answer, stamp, choice)) yield choiceChunk(choice, delta, null)
    yield choiceChunk(choice, {}, answer.finishReason)
  }
  if (includeUsage) yield chunk({ choices: [], usage: usage(answer, choices) })
  yield "data: [DONE]\n\n"
}

export const modelList = (names: ReadonlyArray<string>) => ({
  object: "list",
  data: names.map((id) => ({ id, object: "model", created: 0, owned_by: "penstock-demo" }))
})

export const failure = (message: string, param: string | null, code: string | null) => ({
  error: { message, type: "invalid_request_error", param, code }
})
