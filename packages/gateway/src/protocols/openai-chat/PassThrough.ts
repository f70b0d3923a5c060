/**
 * From an OpenAI client to a server that speaks the same: the caller's bytes are sent on with two edits at most, the
 * model's name, and the wish for usage at the end of a stream, which the ledger needs.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import { isObject, listIn, objectIn, parse, type JsonObject } from "../../wire/Json.ts"
import * as JsonEdit from "../../wire/JsonEdit.ts"
import type { Frame } from "../Protocol.ts"

/** The caller's request, as bytes and as the object that they hold. */
export interface Original {
  readonly bytes: Buffer
  readonly json: JsonObject
}

/** Whether the caller wants usage at the end of the stream. */
export const wantsUsage = (json: JsonObject): boolean => objectIn(json["stream_options"])["include_usage"] === true

const withUsage = (options: unknown) => ({ ...objectIn(options), include_usage: true })

/** The request to send on. */
export const rewrite = (original: Original, model: string): Buffer => {
  const { json } = original
  const addUsage = json["stream"] === true && !wantsUsage(json)
  let bytes = original.bytes
  const named = JsonEdit.valueRange(bytes, "model")
  // A key given twice, or spelled with escapes: the text is written anew, so that the provider cannot read another
  // model out of it than the one that is paid for.
  if (named === null) return rewritten(json, model, addUsage)
  if (json["model"] !== model) bytes = JsonEdit.replace(bytes, named, JSON.stringify(model))
  if (!addUsage) return bytes
  if (json["stream_options"] === undefined) return JsonEdit.prepend(bytes, "stream_options", `{"include_usage":true}`)
  const range = JsonEdit.valueRange(bytes, "stream_options")
  return range === null
    ? rewritten(json, model, addUsage)
    : JsonEdit.replace(bytes, range, JSON.stringify(withUsage(json["stream_options"])))
}

const rewritten = (json: JsonObject, model: string, addUsage: boolean): Buffer =>
  Buffer.from(
    JSON.stringify({ ...json, model, ...(addUsage ? { stream_options: withUsage(json["stream_options"]) } : {}) })
  )

/** Whether a frame is nothing but the usage that was asked for in the caller's place. */
export const isUsageOnly = (frame: Frame, events: ReadonlyArray<StreamEvent>): boolean => {
  if (!events.some((event) => event.type === "usage")) return false
  const chunk = parse(frame.data)
  // Some servers leave `choices` out of it.
  return isObject(chunk) && listIn(chunk["choices"]).length === 0
}

/** The mark that ends a stream of this wire. */
export const endMark = { is: (frame: Frame): boolean => frame.data.trim() === "[DONE]", bytes: "data: [DONE]\n\n" }
