/** Branded identifiers. */
import type * as Brand from "effect/Brand"
import * as Schema from "effect/Schema"

/** One request to the gateway: `req_` and 24 hexadecimal digits. Sent as `x-request-id`, kept in the ledger. */
export const RequestId = Schema.String.pipe(Schema.pattern(/^req_[0-9a-f]{24}$/), Schema.brand("RequestId"))
export type RequestId = string & Brand.Brand<"RequestId">

/** A provider's name as configured: `openai`, `anthropic`, `ollama`, `demo`, or one of yours. */
export const ProviderName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9_-]*$/),
  Schema.brand("ProviderName")
)
export type ProviderName = string & Brand.Brand<"ProviderName">
