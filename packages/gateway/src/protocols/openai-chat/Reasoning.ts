/**
 * Reasoning on a wire that has no official word for it. Messages and deltas carry it in the two fields that are
 * widespread, and we read back exactly what we write:
 *
 * - `reasoning_content` (DeepSeek, vLLM): the text of all parts, for people and for clients that know nothing else;
 * - `reasoning_details` (OpenRouter): one whole object for each part that needs one to come back as it was, which is a
 *   part with a signature and a part that another follows. `format` is the issuer of the signature. In a stream the
 *   object comes when its part is complete, after the part's text.
 *
 * Text in `reasoning_content` beyond the texts in `reasoning_details` is one more part, unsigned.
 */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import { isObject, listIn, stringIn, type JsonObject } from "../../wire/Json.ts"

export type ReasoningPart = Extract<AssistantPart, { type: "reasoning" }>

export type Detail =
  | { readonly type: "reasoning.text"; readonly text: string; readonly signature?: string; readonly format?: string }
  | { readonly type: "reasoning.encrypted"; readonly data: string; readonly format?: string }

export interface Fields {
  readonly reasoning_content?: string
  readonly reasoning_details?: ReadonlyArray<Detail>
}

export const detailOf = (part: ReasoningPart): Detail => {
  const format = part.issuer === undefined || part.signature === undefined ? {} : { format: part.issuer }
  if (part.redacted === true) return { type: "reasoning.encrypted", data: part.signature ?? "", ...format }
  const signature = part.signature === undefined ? {} : { signature: part.signature }
  return { type: "reasoning.text", text: part.text, ...signature, ...format }
}

/** Whether a part comes back as it was without a detail, if nothing follows it. */
export const isPlain = (part: ReasoningPart): boolean => part.signature === undefined && part.redacted !== true

export const write = (parts: ReadonlyArray<ReasoningPart>): Fields => {
  const text = parts.map((part) => part.text).join("")
  const details = parts.filter((part, position) => !isPlain(part) || position < parts.length - 1).map(detailOf)
  return {
    ...(text === "" ? {} : { reasoning_content: text }),
    ...(details.length === 0 ? {} : { reasoning_details: details })
  }
}

/** The part that a detail stands for; undefined for a kind that holds neither text nor ciphertext. */
export const partOf = (detail: unknown): ReasoningPart | undefined => {
  if (!isObject(detail)) return undefined
  const format = typeof detail["format"] === "string" ? { issuer: detail["format"] } : {}
  switch (detail["type"]) {
    case "reasoning.encrypted":
      return typeof detail["data"] === "string"
        ? { type: "reasoning", text: "", redacted: true, signature: detail["data"], ...format }
        : undefined
    case "reasoning.summary":
      return { type: "reasoning", text: stringIn(detail["summary"]) }
    case "reasoning.text":
      return typeof detail["signature"] === "string"
        ? { type: "reasoning", text: stringIn(detail["text"]), signature: detail["signature"], ...format }
        : { type: "reasoning", text: stringIn(detail["text"]) }
    default:
      return undefined
  }
}

/** The reasoning text of a message or a delta: DeepSeek and vLLM have one name for it, groq and OpenRouter another. */
export const textOf = (message: JsonObject): string =>
  stringIn(message["reasoning_content"]) || stringIn(message["reasoning"])

/** The reasoning of a whole message. */
export const read = (message: JsonObject): ReadonlyArray<ReasoningPart> => {
  const parts = listIn(message["reasoning_details"])
    .map(partOf)
    .filter((part) => part !== undefined)
  const text = textOf(message)
  const covered = parts.map((part) => part.text).join("")
  return text.length > covered.length && text.startsWith(covered)
    ? [...parts, { type: "reasoning", text: text.slice(covered.length) }]
    : parts
}
