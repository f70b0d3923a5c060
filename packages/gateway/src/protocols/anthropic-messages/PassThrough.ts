/**
 * From a caller of the Messages API to a provider that has it: the caller's bytes with the model's name, unless the
 * conversation went by another provider before. The reasoning of that one is left out, as its signature would be
 * refused; then the body is written anew, with all that it held besides.
 */
import { named, type PassThrough } from "../PassThrough.ts"
import * as Issuer from "../Issuer.ts"
import { isClaude } from "./Model.ts"
import { isObject, listIn, parse, objectIn, stringIn, type JsonObject } from "../../wire/Json.ts"

/** Vendors that copied the API may leave their thinking unsigned; Anthropic's own models refuse it so. */
const isForeignTo = (model: string) => {
  const isRefused = (signature: string) => Issuer.isMarked(signature) || (signature === "" && isClaude(model))
  return (block: unknown): boolean => {
    if (!isObject(block)) return false
    if (block["type"] === "thinking") return isRefused(stringIn(block["signature"]))
    return block["type"] === "redacted_thinking" && isRefused(stringIn(block["data"]))
  }
}

/** A message without foreign reasoning; null when nothing is left of it. */
const cleaned = (
  message: unknown,
  path: string,
  isForeign: (block: unknown) => boolean,
  dropped: Array<string>
): unknown => {
  if (!isObject(message) || message["role"] !== "assistant" || !Array.isArray(message["content"])) return message
  const content: ReadonlyArray<unknown> = message["content"]
  if (!content.some(isForeign)) return message
  const kept = content.filter((block, at) => {
    const foreign = isForeign(block)
    if (foreign) dropped.push(`${path}.content.${at}`)
    return !foreign
  })
  return kept.length === 0 ? null : { ...message, content: kept }
}

const isEndMark = (data: string): boolean => objectIn(parse(data))["type"] === "message_stop"

export const passThrough: PassThrough = {
  rewrite: (original, model) => {
    const dropped: Array<string> = []
    const isForeign = isForeignTo(model)
    const messages = listIn(original.json["messages"])
      .map((message, at) => cleaned(message, `messages.${at}`, isForeign, dropped))
      .filter((message) => message !== null)
    if (dropped.length === 0) return { body: named(original, model), dropped }
    const body: JsonObject = { ...original.json, model, messages }
    return { body: Buffer.from(JSON.stringify(body)), dropped }
  },
  // Counts come with every stream, unasked.
  isUsageOnly: () => false,
  endMark: {
    is: ({ data, event }) => event === "message_stop" || (event === "" && isEndMark(data)),
    bytes: `event: message_stop\ndata: {"type":"message_stop"}\n\n`
  }
}
