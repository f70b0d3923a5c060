/**
 * A broken answer continued: the request with the beginning of the answer behind it, for a target that writes on from
 * there, and what the caller gets of what that target writes.
 *
 * White space at the end of the beginning is not sent: some providers refuse it, and to others it is half a token. A
 * continuation then usually opens with that very white space, which the caller has; it is left out.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Estimate from "../budgets/Estimate.ts"
import type { Transcript } from "../exchange/Transcript.ts"
import { type Filter, nothing, Splice } from "./Splice.ts"

/** The text to go on from, and the end of what was sent that is not in it. */
const halves = (text: string): { readonly beginning: string; readonly rest: string } => {
  // A stream may be cut within a surrogate pair, half of which is no text.
  const beginning = text.replace(/[\uD800-\uDBFF]$/, "").trimEnd()
  return { beginning, rest: text.slice(beginning.length) }
}

/** Fields that prescribe what is written, of kinds that the neutral model does not know. */
const prescriptions = ["response_format", "tool_choice", "function_call"]

const isFree = (request: ChatRequest): boolean =>
  (request.responseFormat === undefined || request.responseFormat.type === "text") &&
  prescriptions.every((name) => request.extra[name] === undefined) &&
  (request.toolChoice === undefined || request.toolChoice === "auto" || request.toolChoice === "none")

/**
 * The request that continues what was sent; null when it cannot be continued so:
 *
 * - nothing but reasoning or white space was sent: there is no beginning yet;
 * - a tool call or a refusal was sent: no provider goes on from half of a call, and after a whole one they expect its
 *   result;
 * - an output format or a tool call is prescribed: providers refuse a beginning with it, or start the format anew;
 * - the request ends with an assistant's message itself: whether the broken answer went on from it or replied to it
 *   cannot be told.
 *
 * The tokens already written count towards the limit, by estimate. Reasoning is not asked for again.
 */
export const prefilled = (request: ChatRequest, transcript: Transcript): ChatRequest | null => {
  const { beginning } = halves(transcript.text("text"))
  const isText = transcript.parts.every((part) => part.type === "text" || part.type === "reasoning")
  if (beginning === "" || !isText || !isFree(request)) return null
  if (request.messages.at(-1)?.role === "assistant") return null
  const { maxTokens, reasoningEffort: _, ...rest } = request
  const { thinking: __, ...extra } = request.extra
  const spent = Estimate.likely(Buffer.byteLength(transcript.text("reasoning") + beginning))
  return {
    ...rest,
    ...(maxTokens === undefined ? {} : { maxTokens: Math.max(1, maxTokens - spent) }),
    messages: [...request.messages, { role: "assistant", content: [{ type: "text", text: beginning }] }],
    extra
  }
}

/** What the caller gets of a continuation: of its first text what the caller does not have, then all but reasoning. */
export const continuing = (transcript: Transcript): Filter => {
  const splice = new Splice(transcript)
  /** What was sent and not given to the target: it may repeat that. */
  let repeatable = halves(transcript.text("text")).rest

  const unrepeated = (text: string): string => {
    let same = 0
    while (same < text.length && same < repeatable.length && text[same] === repeatable[same]) same += 1
    repeatable = same === text.length ? repeatable.slice(same) : ""
    return text.slice(same)
  }

  const write = (event: StreamEvent): ReadonlyArray<StreamEvent> => {
    if (event.type !== "text-delta" || repeatable === "") return splice.place(event)
    const text = unrepeated(event.text)
    return text === "" ? nothing : splice.place({ ...event, text })
  }
  return { write }
}
