/** The way of most operations: the caller's bytes to the provider with another model's name, and the answer as it came. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { Lane, Whole } from "../exchange/Call.ts"
import * as ClassifyFailure from "../protocols/openai-chat/ClassifyFailure.ts"
import type { Provider } from "../providers/Provider.ts"
import { isObject, parse } from "../wire/Json.ts"
import type { Asked, ReadUsage } from "./Operation.ts"
import * as Relays from "./Relays.ts"

export interface Passing {
  readonly path: string
  readonly usage: ReadUsage
  /** How its streams of events end; null where it has none. */
  readonly ending: Relays.Ending | null
  /** Whether a whole answer may be something else than JSON: subtitles, say. */
  readonly takesText: boolean
}

const notJson = GatewayError.make("invalid_response", "The provider's answer is not a JSON object.")

const whole =
  ({ takesText, usage }: Passing) =>
  (body: Buffer): Either.Either<Whole<Uint8Array>, GatewayError.GatewayError> => {
    const json = parse(body.toString("utf8"))
    if (!isObject(json)) return takesText ? Either.right({ out: body, usage: null }) : Either.left(notJson)
    // Some servers say 200 and mean something else.
    if (ClassifyFailure.isError(json)) return Either.left(ClassifyFailure.inBand(json))
    return Either.right({ out: body, usage: usage(json) })
  }

export const lane = (passing: Passing, asked: Asked, { protocol }: Provider, model: string): Lane<Uint8Array> => ({
  protocol,
  path: passing.path,
  body: asked.named(model),
  headers: asked.headers,
  dropped: [],
  isVerbatim: true,
  whole: whole(passing),
  relay: (_, headers = {}) => Relays.make(headers, passing.ending, passing.usage)
})
