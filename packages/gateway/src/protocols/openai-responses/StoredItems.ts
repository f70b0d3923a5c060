/**
 * The items that a response was asked with, as OpenAI lists them: each has an id and its text in parts, whichever way the
 * caller wrote it, and they come in pages.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import { isObject, type JsonObject } from "../../wire/Json.ts"

const partsOf = (role: unknown, content: unknown): unknown => {
  if (typeof content !== "string") return content
  return role === "assistant"
    ? [{ type: "output_text", text: content, annotations: [] }]
    : [{ type: "input_text", text: content }]
}

/** In the order of the conversation. An item that came without an id has the same one each time. */
export const items = (responseId: string, input: ReadonlyArray<unknown>): ReadonlyArray<JsonObject> =>
  input.filter(isObject).map((item, at) => {
    const id = typeof item["id"] === "string" ? item["id"] : `item_${responseId}_${at}`
    const isMessage = item["type"] === undefined || item["type"] === "message"
    return isMessage
      ? { status: "completed", ...item, type: "message", id, content: partsOf(item["role"], item["content"]) }
      : { ...item, id }
  })

const longest = 100
const usual = 20

const refused = (param: string, message: string) =>
  Either.left(GatewayError.make("invalid_request", message, { param }))

/** `limit`, `order` (the newest first, unless it is `asc`) and `after`, as in every list of OpenAI's. */
export const page = (
  all: ReadonlyArray<JsonObject>,
  query: URLSearchParams
): Either.Either<JsonObject, GatewayError.GatewayError> => {
  const limit = Number(query.get("limit") ?? usual)
  if (!Number.isInteger(limit) || limit < 1 || limit > longest) {
    return refused("limit", `limit: expected a whole number from 1 to ${longest}.`)
  }
  const order = query.get("order") ?? "desc"
  if (order !== "asc" && order !== "desc") return refused("order", 'order: expected "asc" or "desc".')
  const ordered = order === "asc" ? all : all.toReversed()
  const after = query.get("after")
  const position = after === null ? -1 : ordered.findIndex(({ id }) => id === after)
  if (after !== null && position === -1) return refused("after", `after: there is no item "${after}" in the list.`)
  const data = ordered.slice(position + 1, position + 1 + limit)
  return Either.right({
    object: "list",
    data,
    first_id: data[0]?.["id"] ?? null,
    last_id: data.at(-1)?.["id"] ?? null,
    has_more: position + 1 + data.length < ordered.length
  })
}
