/**
 * Why a request cannot be asked of a target, in words: it lacks what the request needs, or its protocol cannot say it.
 * For `explain`, which is given a body and sends nothing; calls find out by making their lane.
 */
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import type { Capabilities } from "@penstock/schema/config/Failover"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import { lowered } from "./Wire.ts"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import { embeddings } from "../operations/embeddings/Embeddings.ts"
import type { Dialect } from "../protocols/Dialect.ts"
import { dialect as chat } from "../protocols/openai-chat/OpenAiChat.ts"
import { dialect as completions } from "../protocols/openai-completions/OpenAiCompletions.ts"
import { dialect as responses } from "../protocols/openai-responses/OpenAiResponses.ts"
import * as ChooseProtocol from "../providers/ChooseProtocol.ts"
import type { Provider } from "../providers/Provider.ts"
import type { JsonObject } from "../wire/Json.ts"
import * as Needs from "../routing/Needs.ts"

/** Where a request would go. */
export interface Place {
  readonly provider: Provider
  readonly model: string
  readonly capabilities: Capabilities
  readonly facts: ModelFacts
}

/** Null when it can be asked. */
export type Judge = (place: Place) => string | null

const fits: Judge = () => null

const speech: { readonly [E in EndpointName]?: { readonly dialect: Dialect; readonly field: string } } = {
  chat: { dialect: chat, field: "messages" },
  responses: { dialect: responses, field: "input" },
  completions: { dialect: completions, field: "prompt" }
}

/** Passed through, a request need not be understood. */
const isNative = ({ endpoints, spoken }: Provider, { id }: Dialect): boolean =>
  id === completions.id ? endpoints.has("completions") : ChooseProtocol.native(spoken, id) !== null

const refusal = (request: ChatRequest, { facts, model, provider }: Place): string | null => {
  const lower = lowered(request, provider, model, facts)
  return Either.isLeft(lower) ? lower.left.message : null
}

const conversation =
  (dialect: Dialect, json: JsonObject): Judge =>
  (place) => {
    const read = dialect.read(json)
    const lacking = Either.isLeft(read) ? [] : Needs.lacking(Needs.of(read.right), place.capabilities)
    if (lacking.length > 0) return `its \`capabilities\` deny what the request needs: ${lacking.join(", ")}`
    if (isNative(place.provider, dialect)) return null
    return Either.isLeft(read) ? read.left.message : refusal(read.right, place)
  }

const vectors =
  (json: JsonObject): Judge =>
  ({ model, provider }) => {
    const nothing = Buffer.alloc(0)
    const lane = embeddings.lane({ bytes: nothing, json, named: () => nothing, headers: null }, provider, model)
    return Either.isLeft(lane) ? lane.left.message : null
  }

/** Of a body that is more than a model's name; nothing is held against one that is not. */
export const judge = (asked: EndpointName, json: JsonObject): Judge => {
  if (asked === "embeddings") return json["input"] === undefined ? fits : vectors(json)
  const spoken = speech[asked]
  return spoken === undefined || json[spoken.field] === undefined ? fits : conversation(spoken.dialect, json)
}
