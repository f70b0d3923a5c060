/**
 * From a caller of the Responses API to a provider that has it: the caller's bytes with the model's name, unless the
 * conversation went by another provider before. The reasoning of that one is left out, as nobody there could decrypt
 * it, and OpenAI's own gets back the id that it is bound to; then the body is written anew, with all that it held
 * besides.
 */
import { isObject, type JsonObject, listIn, stringIn } from "../../wire/Json.ts"
import * as Issuer from "../Issuer.ts"
import { named, type PassThrough } from "../PassThrough.ts"
import { issuer, sealed, signed } from "./Content.ts"

const isMarked = (item: unknown): item is JsonObject =>
  isObject(item) && item["type"] === "reasoning" && Issuer.isMarked(stringIn(item["encrypted_content"]))

/** The item as its issuer knows it; null for somebody else's. */
const restored = (item: JsonObject): JsonObject | null => {
  const whose = signed(item)
  if (whose.issuer !== issuer || whose.signature === undefined) return null
  const { ciphertext, id } = sealed(whose.signature)
  return { ...item, id, encrypted_content: ciphertext }
}

const rewrite: PassThrough["rewrite"] = (original, model) => {
  const input = listIn(original.json["input"])
  if (!input.some(isMarked)) return { body: named(original, model), dropped: [] }
  const dropped: Array<string> = []
  const items = input.flatMap((item, at) => {
    if (!isMarked(item)) return [item]
    const own = restored(item)
    if (own === null) dropped.push(`input.${at}`)
    return own === null ? [] : [own]
  })
  return { body: Buffer.from(JSON.stringify({ ...original.json, model, input: items })), dropped }
}

export const passThrough: PassThrough = {
  rewrite,
  // Counts come with the last event, unasked.
  isUsageOnly: () => false,
  // That event is what ends an answer: without it there is none to be marked as whole.
  endMark: { is: () => true, bytes: "" }
}
