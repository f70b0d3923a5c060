/** OpenAI's Responses as OpenAI writes them, whole and streamed, from the same description as the other wires. */
import { type Said, sse } from "./Wire.ts"

const responseOf = (said: Said, output: ReadonlyArray<object>, status: string, usage: object | null) => ({
  id: "resp_upstream",
  object: "response",
  created_at: 1_700_000_000,
  status,
  error: null,
  incomplete_details: said.finish === "length" ? { reason: "max_output_tokens" } : null,
  instructions: null,
  metadata: {},
  model: said.model ?? "upstream-model",
  output,
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: "auto",
  tools: [],
  top_p: 1,
  ...(usage === null ? {} : { usage })
})

const usageOf = ({ cachedTokens = 0, inputTokens = 12, outputTokens = 5, reasoningTokens = 0 }: Said) => ({
  input_tokens: inputTokens,
  input_tokens_details: { cached_tokens: cachedTokens, cache_write_tokens: 0 },
  output_tokens: outputTokens,
  output_tokens_details: { reasoning_tokens: reasoningTokens },
  total_tokens: inputTokens + outputTokens
})

/** An item of the output: as it is announced, as it is when it is done, and the events between. */
interface Item {
  readonly begun: object
  readonly done: object
  readonly between: ReadonlyArray<readonly [type: string, fields: object]>
}

const message = (pieces: ReadonlyArray<string>): Item => {
  const item = { id: "msg_upstream", type: "message", role: "assistant" }
  const part = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] })
  const at = { item_id: item.id, content_index: 0 }
  const whole = pieces.join("")
  return {
    begun: { ...item, status: "in_progress", content: [] },
    done: { ...item, status: "completed", content: [part(whole)] },
    between: [
      ["response.content_part.added", { ...at, part: part("") }],
      ...pieces.map((delta) => ["response.output_text.delta", { ...at, delta, logprobs: [] }] as const),
      ["response.output_text.done", { ...at, text: whole, logprobs: [] }],
      ["response.content_part.done", { ...at, part: part(whole) }]
    ]
  }
}

const call = ({ args, id, name }: NonNullable<Said["tools"]>[number], position: number): Item => {
  const item = { id: `fc_upstream_${position}`, type: "function_call", call_id: id, name }
  const at = { item_id: item.id }
  return {
    begun: { ...item, status: "in_progress", arguments: "" },
    done: { ...item, status: "completed", arguments: args.join("") },
    between: [
      ...args.map((delta) => ["response.function_call_arguments.delta", { ...at, delta }] as const),
      ["response.function_call_arguments.done", { ...at, name, arguments: args.join("") }]
    ]
  }
}

/** Thinking is told as one summary, and its ciphertext when the item is done. */
const thought = (pieces: ReadonlyArray<string>, encrypted_content: string): Item => {
  const item = { id: "rs_upstream", type: "reasoning" }
  const at = { item_id: item.id, summary_index: 0 }
  const part = (text: string) => ({ type: "summary_text", text })
  const text = pieces.join("")
  return {
    begun: { ...item, summary: [] },
    done: { ...item, summary: [part(text)], encrypted_content },
    between: [
      ["response.reasoning_summary_part.added", { ...at, part: part("") }],
      ...pieces.map((delta) => ["response.reasoning_summary_text.delta", { ...at, delta }] as const),
      ["response.reasoning_summary_text.done", { ...at, text }],
      ["response.reasoning_summary_part.done", { ...at, part: part(text) }]
    ]
  }
}

const itemsOf = (said: Said): ReadonlyArray<Item> => {
  const { reasoning = [], signature = "sealed_upstream", tools = [] } = said
  const text = said.text ?? (tools.length === 0 ? ["Hello", " from", " upstream."] : [])
  return [
    ...(reasoning.length === 0 ? [] : [thought(reasoning, signature)]),
    ...(text.length === 0 ? [] : [message(text)]),
    ...tools.map(call)
  ]
}

const statusOf = (said: Said): string => (said.finish === "length" ? "incomplete" : "completed")

export const response = (said: Said = {}) =>
  responseOf(
    said,
    itemsOf(said).map(({ done }) => done),
    statusOf(said),
    usageOf(said)
  )

export const stream = (said: Said = {}): ReadonlyArray<string> => {
  let sequence = 0
  const event = (type: string, fields: object) => sse({ type, sequence_number: sequence++, ...fields }, type)
  const begun = { response: responseOf(said, [], "in_progress", null) }
  return [
    event("response.created", begun),
    event("response.in_progress", begun),
    ...itemsOf(said).flatMap((item, output_index) => [
      event("response.output_item.added", { output_index, item: item.begun }),
      ...item.between.map(([type, fields]) => event(type, { output_index, ...fields })),
      event("response.output_item.done", { output_index, item: item.done })
    ]),
    event(`response.${statusOf(said)}`, { response: response(said) })
  ]
}
