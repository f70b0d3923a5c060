/**
 * From a caller to a provider that speaks the same: the bytes are sent on with the fewest edits that the wire allows,
 * and the provider's frames go back as they came.
 */
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import type { JsonObject } from "../wire/Json.ts"
import * as JsonEdit from "../wire/JsonEdit.ts"
import type { Frame } from "./Protocol.ts"

/** The caller's request, as bytes and as the object that they hold. */
export interface Original {
  readonly bytes: Buffer
  readonly json: JsonObject
  /** Headers of the caller's that change what the body means to the provider (`anthropic-beta`). */
  readonly headers?: { readonly [name: string]: string }
}

export interface PassThrough {
  /** The request to send on, and what of it the provider must not see: the reasoning of others. */
  readonly rewrite: (
    original: Original,
    model: string
  ) => { readonly body: Buffer; readonly dropped: ReadonlyArray<string> }
  /** Whether a frame is nothing but the usage that was asked for in the caller's place. */
  readonly isUsageOnly: (frame: Frame, events: ReadonlyArray<StreamEvent>) => boolean
  /** The mark that ends a stream of this wire, whole; for providers that leave it out. */
  readonly endMark: { readonly is: (frame: Frame) => boolean; readonly bytes: string }
}

/**
 * The request with another model's name. A key given twice, or spelled with escapes: the text is written anew, so that
 * the provider cannot read another model out of it than the one that is paid for.
 */
export const named = ({ bytes, json }: Original, model: string): Buffer => {
  const range = JsonEdit.valueRange(bytes, "model")
  if (range === null) return Buffer.from(JSON.stringify({ ...json, model }))
  return json["model"] === model ? bytes : JsonEdit.replace(bytes, range, JSON.stringify(model))
}
