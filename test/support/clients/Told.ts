/** What a provider was told by a request, read from its own wire: enough to see that nothing was lost on the way. */
import type * as Raw from "../Raw.ts"

/** The city that a call asks for, and what it is told to be the result. */
export type Result = readonly [city: string, result: string]

const textOf = (content: Raw.Loose): string =>
  typeof content === "string" ? content : (content ?? []).map((part: Raw.Loose) => part.text ?? "").join("")

const cityIn = (args: Raw.Loose): string => (typeof args === "string" ? JSON.parse(args) : args).city

interface Pieces {
  readonly calls: ReadonlyArray<readonly [id: string, args: Raw.Loose]>
  readonly results: ReadonlyArray<readonly [id: string, content: Raw.Loose]>
}

/** Chat completions and Ollama's own API differ in little. */
const inMessages = (messages: ReadonlyArray<Raw.Loose>): Pieces => ({
  calls: messages.flatMap(({ tool_calls }) =>
    (tool_calls ?? []).map((call: Raw.Loose) => [call.id, call.function.arguments] as const)
  ),
  results: messages.flatMap((message) =>
    message.role === "tool" ? [[message.tool_call_id, message.content] as const] : []
  )
})

const inBlocks = (messages: ReadonlyArray<Raw.Loose>): Pieces => {
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []))
  return {
    calls: blocks.flatMap((block) => (block.type === "tool_use" ? [[block.id, block.input] as const] : [])),
    results: blocks.flatMap((block) =>
      block.type === "tool_result" ? [[block.tool_use_id, block.content] as const] : []
    )
  }
}

const inItems = (items: ReadonlyArray<Raw.Loose>): Pieces => ({
  calls: items.flatMap((item) => (item.type === "function_call" ? [[item.call_id, item.arguments] as const] : [])),
  results: items.flatMap((item) => (item.type === "function_call_output" ? [[item.call_id, item.output] as const] : []))
})

const piecesOf = (json: Raw.Loose): Pieces => {
  if (Array.isArray(json.input)) return inItems(json.input)
  const hasBlocks = json.messages.some(
    ({ content }: Raw.Loose) =>
      Array.isArray(content) && content.some((part: Raw.Loose) => /^tool_(?:use|result)$/.test(part.type))
  )
  return hasBlocks ? inBlocks(json.messages) : inMessages(json.messages)
}

/** Every call of a conversation with its result, which must name the call by its id. */
export const results = (json: Raw.Loose): ReadonlyArray<Result> => {
  const { calls, results: found } = piecesOf(json)
  return calls.map(([id, args]) => {
    const own = found.filter(([of]) => of === id)
    return [cityIn(args), own.map(([, content]) => textOf(content)).join("|")] as const
  })
}
