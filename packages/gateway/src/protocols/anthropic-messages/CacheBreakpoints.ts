/**
 * Marks where Anthropic's prompt cache may begin again, for callers whose words have no mark: elsewhere prompts are
 * cached unasked.
 *
 * Writing to the cache costs a quarter more than not to, so that it must be read again to pay. A conversation that has
 * come to its second turn will likely have a third; one question alone is not marked. Of the four marks that are
 * allowed, one ends the tools, one the instructions, and two the last turns of the user: the earlier one is where the
 * request before this wrote, the later one is where the next will read.
 */
import type { ContentBlockParam, MessageParam } from "@anthropic-ai/sdk/resources/messages"
import type { Body } from "./LowerRequest.ts"

const mark = { cache_control: { type: "ephemeral" } } as const

/** The list with its last element marked; what is empty stays so. */
const marked = <A extends object>(all: ReadonlyArray<A>): Array<A> =>
  all.map((each, at) => (at === all.length - 1 ? { ...each, ...mark } : each))

/** A turn of the user's with its end marked. A text given as such takes no mark; ours are lists. */
const markedTurn = (message: MessageParam): MessageParam =>
  message.role !== "user" || typeof message.content === "string"
    ? message
    : { ...message, content: marked<ContentBlockParam>(message.content) }

export const withBreakpoints = (body: Body): Body => {
  const { messages, system, tools } = body
  if (!messages.some((message) => message.role === "assistant")) return body
  const users = new Set(messages.flatMap((message, at) => (message.role === "user" ? [at] : [])).slice(-2))
  return {
    ...body,
    ...(tools === undefined ? {} : { tools: marked(tools) }),
    ...(system === undefined || typeof system === "string" ? {} : { system: marked(system) }),
    messages: messages.map((message, at) => (users.has(at) ? markedTurn(message) : message))
  }
}
