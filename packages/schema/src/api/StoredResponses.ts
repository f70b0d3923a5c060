/** Responses that are kept, as the API's description has them. */
import { failure, failures, type Json } from "./DataPlaneEndpoint.ts"

const parameter = (name: string, where: "path" | "query", schema: Json): Json => ({
  name,
  in: where,
  required: where === "path",
  schema
})

const responseId = parameter("response_id", "path", { type: "string" })

interface Described {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: ReadonlyArray<Json>
  readonly answer: string
}

const operation = ({ answer, operationId, parameters = [], summary }: Described): Json => ({
  tags: ["data plane"],
  operationId,
  summary,
  description:
    "Responses are kept in memory for a day, as long as there is room, for the key that had them, and not with `store: false`. No provider is asked.",
  externalDocs: { url: "https://platform.openai.com/docs/api-reference/responses" },
  parameters: [responseId, ...parameters],
  security: [{ bearer: [] }, { apiKey: [] }],
  responses: {
    "200": { description: answer, content: { "application/json": { schema: { type: "object" } } } },
    "400": failure("The query is not one; `param` names the field"),
    "401": failures["401"],
    "404": failure("There is no such response, or no longer"),
    "500": failures["500"]
  }
})

export const storedResponses: { readonly [path: string]: Json } = {
  "/v1/responses/{response_id}": {
    get: operation({
      operationId: "responses.retrieve",
      summary: "Get a response that is kept",
      answer: "The `response` as its caller got it"
    }),
    delete: operation({
      operationId: "responses.delete",
      summary: "Delete a response that is kept",
      answer: "`{id, object, deleted}`"
    })
  },
  "/v1/responses/{response_id}/input_items": {
    get: operation({
      operationId: "responses.input_items",
      summary: "List what a response was asked with",
      parameters: [
        parameter("limit", "query", { type: "integer", minimum: 1, maximum: 100, default: 20 }),
        parameter("order", "query", { type: "string", enum: ["asc", "desc"], default: "desc" }),
        parameter("after", "query", { type: "string" })
      ],
      answer: "A page of items, those of earlier turns included: `{object, data, first_id, last_id, has_more}`"
    })
  }
}
