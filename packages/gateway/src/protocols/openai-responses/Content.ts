/** What the items of a response's output say, whole. */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import { type JsonObject, isObject, listIn, objectIn, stringIn } from "../../wire/Json.ts"
import * as Issuer from "../Issuer.ts"

/** Whose ciphertext reasoning comes with. */
export const issuer = "openai-responses"

/**
 * A reasoning item's ciphertext is bound to the item's id: both are kept, as one signature. An id holds no colon.
 */
export const signatureOf = (id: string, ciphertext: string): string => `${id}:${ciphertext}`

/** The two halves of a signature; the id is empty where there is none. */
export const sealed = (signature: string): { readonly id: string; readonly ciphertext: string } => {
  const colon = signature.indexOf(":")
  return { id: signature.slice(0, Math.max(0, colon)), ciphertext: signature.slice(colon + 1) }
}

/** Whose reasoning an item is, and what its issuer wants to see again. */
export const signed = (item: JsonObject): Issuer.Signed => {
  const ciphertext = stringIn(item["encrypted_content"])
  if (ciphertext === "" || Issuer.isMarked(ciphertext)) return Issuer.read(ciphertext, issuer)
  return { signature: signatureOf(stringIn(item["id"]), ciphertext), issuer }
}

/** Between the parts of a summary. */
export const paragraph = "\n\n"

/** The readable part of a reasoning item; null when it was withheld. Open models show their thinking, others sum it up. */
export const reasoningText = (item: JsonObject): string | null => {
  const summary = listIn(item["summary"])
  const parts = summary.length > 0 ? summary : listIn(item["content"])
  return parts.length === 0 ? null : parts.map((part) => stringIn(objectIn(part)["text"])).join(paragraph)
}

export const reasoning = (item: JsonObject): ReadonlyArray<Extract<AssistantPart, { type: "reasoning" }>> => {
  const text = reasoningText(item)
  const whose = signed(item)
  if (text !== null) return [{ type: "reasoning", text, ...whose }]
  // Neither text nor ciphertext: it is at the provider only, by its id.
  return whose.signature === undefined ? [] : [{ type: "reasoning", text: "", redacted: true, ...whose }]
}

/** A call of a custom tool has text where others have JSON; it is the text of what the tool is given all the same. */
export const isCall = (item: JsonObject): boolean =>
  item["type"] === "function_call" || item["type"] === "custom_tool_call"

export const argumentsOf = (item: JsonObject): string =>
  stringIn(item["type"] === "custom_tool_call" ? item["input"] : item["arguments"])

export const callId = (item: JsonObject): string => stringIn(item["call_id"]) || stringIn(item["id"])

const message = (item: JsonObject): ReadonlyArray<AssistantPart> =>
  listIn(item["content"]).flatMap((part): ReadonlyArray<AssistantPart> => {
    if (!isObject(part)) return []
    if (part["type"] === "refusal") return [{ type: "refusal", text: stringIn(part["refusal"]) }]
    return part["type"] === "output_text" ? [{ type: "text", text: stringIn(part["text"]) }] : []
  })

/**
 * The parts of an item; none for one that has no neutral form: what a tool of the provider's own was asked and found
 * (`web_search_call`, `mcp_call` …), a `compaction`, and whatever comes later.
 */
export const partsOf = (item: JsonObject): ReadonlyArray<AssistantPart> => {
  if (item["type"] === "message") return message(item)
  if (item["type"] === "reasoning") return reasoning(item)
  return isCall(item)
    ? [{ type: "tool-call", id: callId(item), name: stringIn(item["name"]), arguments: argumentsOf(item) }]
    : []
}
