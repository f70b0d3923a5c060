/** `POST /v1/responses`, as OpenAI's clients send it: with a memory for those who refer to a response by its id. */
import * as Envelope from "@penstock/gateway/protocols/openai-responses/Envelope"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import * as ResponseStore from "@penstock/gateway/replay/ResponseStore"
import type { JsonObject } from "@penstock/gateway/wire/Json"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as ModelEndpoint from "./ModelEndpoint.ts"

const inBackground = Either.left(
  GatewayError.make(
    "invalid_request",
    "background: responses in the background are not kept here. Leave it out, and wait for the answer or stream it.",
    { param: "background" }
  )
)

const expanded = (json: JsonObject, items: ReadonlyArray<unknown>): JsonObject => {
  const { previous_response_id: _, ...rest } = json
  return { ...rest, input: [...items, ...ResponseStore.inputItems(json["input"])] }
}

/** What came before a request, and where what comes of it is kept. */
const conversing =
  (store: ResponseStore.Store): ModelEndpoint.Conversing =>
  ({ body: { json }, caller }, stream) => {
    const id = json["previous_response_id"]
    const previous = typeof id === "string" ? store.get(caller.key, id) : null
    const whole = previous === null ? json : expanded(json, previous.items)
    return {
      earlier:
        previous === null
          ? null
          : {
              items: previous.items,
              provider: previous.provider,
              body: { json: whole, bytes: Buffer.from(JSON.stringify(whole)) }
            },
      keep:
        json["store"] === false
          ? null
          : (answer, provider) => {
              const response = ResponseStore.responseIn(answer, stream)
              // Where only the provider knows what came before, only the provider can go on.
              if (
                response === null ||
                typeof response["id"] !== "string" ||
                typeof whole["previous_response_id"] === "string"
              )
                return
              const output = Array.isArray(response["output"]) ? response["output"] : []
              const items = [...ResponseStore.inputItems(whole["input"]), ...output]
              store.set(caller.key, response["id"], { items, provider, response })
            }
    }
  }

export const make = (store: ResponseStore.Store) =>
  ModelEndpoint.make({
    path: "/v1/responses",
    dialect,
    protocol,
    envelope: (json) => (json["background"] === true ? inBackground : Envelope.read(json)),
    // Counts come with the last event, unasked.
    context: (json, created, requestId) => ({ created, includeUsage: true, asked: json, requestId }),
    conversing: conversing(store)
  })
