/** From a request to the demo's answer: a pure function, no AI, and the same answer for the same request. */
import * as Either from "effect/Either"
import * as ChooseTool from "./ChooseTool.ts"
import { textOf, type DemoRequest, type Refused } from "./DemoRequest.ts"
import * as Facts from "./Facts.ts"
import { fillSchema } from "./FillSchema.ts"
import { summary } from "./Sentences.ts"
import * as Tokens from "./Tokens.ts"

export const models = ["echo", "extract"] as const
export type DemoModel = (typeof models)[number]

/** `demo/echo` is what Penstock calls it, `echo` what the demo itself does. */
export const modelOf = (name: string): DemoModel | undefined =>
  models.find((model) => name === model || name === `demo/${model}`)

export interface ToolCall {
  readonly name: string
  readonly arguments: string
}

/** An answer before it is put on the wire. */
export interface DemoAnswer {
  readonly model: DemoModel
  readonly text: string
  readonly toolCalls: ReadonlyArray<ToolCall>
  readonly finishReason: "stop" | "length" | "tool_calls"
  readonly promptTokens: number
  /** Of one choice. */
  readonly completionTokens: number
}

interface Said {
  readonly text: string
  readonly toolCalls: ReadonlyArray<ToolCall>
}

const say = (text: string): Either.Either<Said, Refused> => Either.right({ text, toolCalls: [] })

/** What is to be answered: the last tool results, else what the user said last. */
const promptOf = ({ messages }: DemoRequest): { readonly text: string; readonly isResult: boolean } => {
  const lastOther = messages.findLastIndex((message) => message.role !== "tool")
  const results = messages.slice(lastOther + 1)
  if (results.length > 0) return { text: results.map(textOf).join("\n"), isResult: true }
  const spoken = messages.findLast((message) => message.role === "user") ?? messages[messages.length - 1]
  return { text: spoken === undefined ? "" : textOf(spoken), isResult: false }
}

const call = (request: DemoRequest, prompt: string): ReadonlyArray<ToolCall> => {
  const tools = ChooseTool.choose(request, prompt)
  if (tools.length === 0) return []
  const facts = Facts.make(prompt)
  return tools.map((tool) => ({
    name: tool.name,
    arguments: JSON.stringify(fillSchema({ type: "object", ...tool.parameters }, facts) ?? {})
  }))
}

const extract = (request: DemoRequest): Either.Either<Said, Refused> => {
  const prompt = promptOf(request)
  if (!prompt.isResult) {
    const toolCalls = call(request, prompt.text)
    if (toolCalls.length > 0) return Either.right({ text: "", toolCalls })
  }
  const format = request.response_format
  if (format?.type === "json_object") return say(JSON.stringify({ answer: summary(prompt.text) }))
  if (format?.type !== "json_schema") return say(summary(prompt.text))
  const filled = fillSchema(format.json_schema.schema ?? {}, Facts.make(prompt.text))
  return filled === undefined
    ? Either.left({
        message:
          "demo/extract finds no value that this schema allows; it may contradict itself or be recursive without an end",
        param: "response_format.json_schema.schema"
      })
    : say(JSON.stringify(filled))
}

/** The text before the first stop sequence. */
const stopped = (text: string, stop: DemoRequest["stop"]): string => {
  const ends = (typeof stop === "string" ? [stop] : (stop ?? []))
    .map((sequence) => (sequence === "" ? -1 : text.indexOf(sequence)))
    .filter((end) => end >= 0)
  return text.slice(0, Math.min(text.length, ...ends))
}

/** Cuts an answer after so many tokens, the arguments of tool calls included. */
const limited = ({ text, toolCalls }: Said, limit: number) => {
  let left = limit
  let used = 0
  let cut = false
  const take = (whole: string): string => {
    const kept = Tokens.first(whole, left)
    left -= kept.count
    used += kept.count
    cut ||= kept.text.length < whole.length
    return kept.text
  }
  return {
    text: take(text),
    toolCalls: toolCalls.map((each) => ({ ...each, arguments: take(each.arguments) })),
    used,
    cut
  }
}

const promptTokens = (request: DemoRequest): number => {
  let count = 0
  for (const message of request.messages) {
    count += Tokens.count(textOf(message))
    for (const { function: called } of message.tool_calls ?? []) {
      count += called === undefined ? 0 : Tokens.count(called.name) + Tokens.count(called.arguments)
    }
  }
  const tools = request.tools ?? []
  return tools.length === 0 ? count : count + Tokens.count(JSON.stringify(tools))
}

export const answer = (request: DemoRequest, model: DemoModel): Either.Either<DemoAnswer, Refused> =>
  Either.map(model === "echo" ? say(promptOf(request).text) : extract(request), (said) => {
    const limit = request.max_completion_tokens ?? request.max_tokens ?? Infinity
    const { text, toolCalls, used, cut } = limited({ ...said, text: stopped(said.text, request.stop) }, limit)
    return {
      model,
      text,
      toolCalls,
      finishReason: cut ? "length" : toolCalls.length > 0 ? "tool_calls" : "stop",
      promptTokens: promptTokens(request),
      completionTokens: used
    }
  })
