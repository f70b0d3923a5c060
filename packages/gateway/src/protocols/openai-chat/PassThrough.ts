/**
 * From an OpenAI client to a server that speaks the same: the caller's bytes are sent on with two edits at most, the
 * model's name, and the wish for usage at the end of a stream, which the ledger needs.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import { isObject, listIn, objectIn, parse, type JsonObject } from "../../wire/Json.ts"
import * as JsonEdit from "../../wire/JsonEdit.ts"
import { named, type Original, type PassThrough } from "../PassThrough.ts"
import type { Frame } from "../Protocol.ts"

/** Whether the caller wants usage at the end of the stream. */
export const wantsUsage = (json: JsonObject): boolean => objectIn(json["stream_options"])["include_usage"] === true

const withUsage = (options: unknown) => ({ ...objectIn(options), include_usage: true })

/** The request to send on. */
const rewrite = (original: Original, model: string): Buffer => {
  const { json } = original
  const addUsage = json["stream"] === true && !wantsUsage(json)
  const bytes = named(original, model)
  if (!addUsage) return bytes
  if (json["stream_options"] === undefined) return JsonEdit.prepend(bytes, "stream_options", `{"include_usage":true}`)
  const range = JsonEdit.valueRange(bytes, "stream_options")
  return range === null
    ? Buffer.from(JSON.stringify({ ...json, model, stream_options: withUsage(json["stream_options"]) }))
    : JsonEdit.replace(bytes, range, JSON.stringify(withUsage(json["stream_options"])))
}

/** Whether a frame is nothing but the usage that was asked for in the caller's place. */
const isUsageOnly = (frame: Frame, events: ReadonlyArray<StreamEvent>): boolean => {
  if (!events.some((event) => event.type === "usage")) return false
  const chunk = parse(frame.data)
  // Some servers leave `choices` out of it.
  return isObject(chunk) && listIn(chunk["choices"]).length === 0
}

export const passThrough: PassThrough = {
  rewrite: (original, model) => ({ body: rewrite(original, model), dropped: [] }),
  isUsageOnly,
  endMark: { is: (frame) => frame.data.trim() === "[DONE]", bytes: "data: [DONE]\n\n" }
}
