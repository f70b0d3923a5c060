/**
 * Writes request and answer bodies into the log, when `logging.bodies` asks for it. `redacted` keeps the structure and
 * replaces what people wrote by its length.
 */
import type { Sink } from "@penstock/gateway/exchange/Call"
import { isObject, parse } from "@penstock/gateway/wire/Json"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { RequestId } from "@penstock/schema/Ids"
import * as Effect from "effect/Effect"
import type { Body } from "./RequestBody.ts"

type Mode = PenstockConfig["logging"]["bodies"]

/** An answer is logged up to here. */
const maxBytes = 64 * 1024

/** Fields whose text is structure and not content. */
const structural = new Set(["model", "role", "type", "object", "id", "finish_reason", "tool_call_id"])

const isText = (contentType: string): boolean => /^text\/|json|xml|subrip/.test(contentType)

const redact = (value: unknown, key = ""): unknown => {
  if (typeof value === "string") return structural.has(key) ? value : `<${value.length} characters>`
  if (Array.isArray(value)) return value.map((item) => redact(item, key))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redact(item, name)]))
}

const shown = (mode: Mode, text: string): unknown => {
  if (mode === "full") return text
  const json = parse(text)
  return json === undefined ? `<${text.length} characters>` : redact(json)
}

/** Runs a call with a sink that remembers what went through it, and logs both ends. */
export const around = <E>(
  mode: Mode,
  id: RequestId,
  body: Body,
  sink: Sink<Uint8Array>,
  run: (sink: Sink<Uint8Array>) => Effect.Effect<void, E>
): Effect.Effect<void, E> => {
  if (mode === "none") return run(sink)
  const chunks: Array<Uint8Array> = []
  let size = 0
  let contentType = "application/json"
  const remembering: Sink<Uint8Array> = {
    ...sink,
    begin: (head) => {
      contentType = head.contentType ?? contentType
      sink.begin(head)
    },
    write: (chunk) => {
      if (size < maxBytes) chunks.push(chunk)
      size += chunk.length
      return sink.write(chunk)
    }
  }
  const answer = (): string =>
    isText(contentType) ? Buffer.concat(chunks).toString("utf8", 0, maxBytes) : `${size} bytes of ${contentType}`
  const log = (name: string, text: string) =>
    Effect.annotateLogs(Effect.logInfo(name, shown(mode, text)), "request_id", id)
  return Effect.zipRight(
    // A form with files in it: its fields.
    log("request", body.form === undefined ? body.bytes.toString("utf8") : JSON.stringify(body.json)),
    Effect.ensuring(
      run(remembering),
      Effect.suspend(() => log("answer", answer()))
    )
  )
}
