/** What kept an answer away, as far as a person can do something about it. */
import { isHttpClientError } from "@effect/platform/HttpClientError"
import { GatewayError } from "@penstock/schema/GatewayError"
import * as Data from "effect/Data"

/**
 * - `locked`: the key is missing, wrong, expired, or not the admin's
 * - `gone`: the server does not answer
 * - `refused`: it answered, and said why not
 * - `unreadable`: it answered what this page does not understand
 */
export class Problem extends Data.TaggedError("Problem")<{
  readonly kind: "locked" | "gone" | "refused" | "unreadable"
  readonly message: string
}> {}

export const gone = new Problem({
  kind: "gone",
  message: "The server does not answer. Is it running? This page goes on as soon as it does."
})

export const of = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  if (error instanceof GatewayError) {
    const locked = error.reason === "unauthenticated" || error.reason === "forbidden"
    return new Problem({ kind: locked ? "locked" : "refused", message: error.message })
  }
  if (isHttpClientError(error) && error._tag === "RequestError") return gone
  return new Problem({
    kind: "unreadable",
    message:
      "The server answered what this page does not understand. Load the page again: it may be of another version."
  })
}
