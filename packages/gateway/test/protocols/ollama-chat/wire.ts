/** Ollama's side of the wire, written from its description: how it would send an answer, whole and in lines. */
import type { Completion } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { Wire } from "../completions.ts"

/** What `/api/chat` can express. */
export const ollama: Wire = {
  parts: ["reasoning", "text", "tool-call"],
  order: "grouped",
  reasoning: { max: 1, signed: [], unsigned: true },
  arguments: "object",
  finishReasons: ["stop", "length", "tool_calls"],
  stopSequence: false,
  buckets: ["input", "output"],
  usageOptional: true
}

const createdAt = "2025-10-17T23:14:07.414671Z"

const call = (id: string, name: string, args: string) => ({ id, function: { name, arguments: JSON.parse(args) } })

const final = (completion: Completion) => ({
  done: true,
  done_reason: completion.finishReason === "length" ? "length" : "stop",
  total_duration: 174560334,
  ...(completion.usage === null
    ? {}
    : { prompt_eval_count: completion.usage.input, eval_count: completion.usage.output })
})

/** What the gateway must make of the answer: Ollama sends no id, and a call ends the turn whatever else it says. */
export const expected = (completion: Completion): Completion => ({
  ...completion,
  id: "chatcmpl-20251017T231407414671Z",
  finishReason: completion.content.some((part) => part.type === "tool-call") ? "tool_calls" : completion.finishReason
})

export const whole = (completion: Completion): unknown => {
  const text = (type: "reasoning" | "text") =>
    completion.content.flatMap((part) => (part.type === type ? [part.text] : [])).join("")
  const calls = completion.content.flatMap((part) =>
    part.type === "tool-call" ? [call(part.id, part.name, part.arguments)] : []
  )
  return {
    model: completion.model,
    created_at: createdAt,
    message: {
      role: "assistant",
      content: text("text"),
      ...(text("reasoning") === "" ? {} : { thinking: text("reasoning") }),
      ...(calls.length === 0 ? {} : { tool_calls: calls })
    },
    ...final(completion)
  }
}

/** A line per delta, and a line per tool call: it arrives whole. `early` sends the calls before the text. */
export const lines = (completion: Completion, events: ReadonlyArray<StreamEvent>, early = false): Array<string> => {
  const messages: Array<object> = []
  for (const event of events) {
    if (event.type === "reasoning-delta") messages.push({ content: "", thinking: event.text })
    if (event.type === "text-delta") messages.push({ content: event.text })
  }
  const calls = completion.content.flatMap((part) =>
    part.type === "tool-call" ? [{ content: "", tool_calls: [call(part.id, part.name, part.arguments)] }] : []
  )
  const line = (message: object, more: object) =>
    JSON.stringify({
      model: completion.model,
      created_at: createdAt,
      message: { role: "assistant", ...message },
      ...more
    })
  return [
    ...(early ? [...calls, ...messages] : [...messages, ...calls]).map((message) => line(message, { done: false })),
    line({ content: "" }, final(completion))
  ]
}
