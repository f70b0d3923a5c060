/** How a provider is asked for embeddings, and how it answers. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { JsonObject } from "../../wire/Json.ts"
import type { Answer } from "./Answer.ts"
import type { Input, Item } from "./Input.ts"

export interface Lowered {
  /** The request for some of the items: all, or a batch. */
  readonly body: (items: ReadonlyArray<Item>) => Buffer
  /** Fields that there is no word for. */
  readonly dropped: ReadonlyArray<string>
}

export interface Wire {
  readonly path: string
  /** Of a request in OpenAI's words. Fails where it cannot be said. */
  readonly lower: (json: JsonObject, input: Input, model: string) => Either.Either<Lowered, GatewayError.GatewayError>
  /** Fails with `invalid_response`. */
  readonly read: (json: JsonObject) => Either.Either<Answer, GatewayError.GatewayError>
}

/** An answer that is not what it should be. */
export const invalid = (problem: string) =>
  Either.left(GatewayError.make("invalid_response", `The provider's answer holds no embeddings: ${problem}.`))
