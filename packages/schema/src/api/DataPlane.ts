/**
 * What the API's description says beyond what derives from `PenstockApi`: the data plane, which is other people's API
 * on a shorter way, and failures, which all have one shape.
 */
import { isRecord } from "effect/Predicate"
import { endpoint, failure, failures, header, type Json, requestBody, stream } from "./DataPlaneEndpoint.ts"
import { operations } from "./Operations.ts"
import { storedResponses } from "./StoredResponses.ts"

const messages: Json = { type: "array", minItems: 1, items: { type: "object" } }
const hello = [{ role: "user", content: "Hello" }]

const chatCompletions = endpoint({
  operationId: "chat.completions",
  tools: true,
  summary: "Create a chat completion",
  description:
    "OpenAI's Chat Completions: any of its clients works with `base_url` set to this server's `/v1`, and OpenAI documents request and answer.",
  documentation: "https://platform.openai.com/docs/api-reference/chat/create",
  fields: { messages, stream },
  required: ["model", "messages"],
  example: { model: "demo/echo", messages: hello },
  answer: "A `chat.completion`, or its chunks as server-sent events that end with `data: [DONE]`"
})

const anthropicHeaders: ReadonlyArray<Json> = ["anthropic-version", "anthropic-beta"].map((name) => ({
  name,
  in: "header",
  required: false,
  schema: { type: "string" },
  description: "Passed on to a provider that speaks this API"
}))

const anthropicMessages = endpoint({
  operationId: "messages",
  tools: true,
  summary: "Create a message",
  description:
    "Anthropic's Messages: any of its clients works with `base_url` set to this server, and Anthropic documents request and answer. Failures are in Anthropic's shape: `{type, error: {type, message}, request_id}`.",
  documentation: "https://docs.anthropic.com/en/api/messages",
  fields: { messages, stream, max_tokens: { type: "integer", minimum: 1 } },
  required: ["model", "messages", "max_tokens"],
  example: { model: "demo/echo", max_tokens: 100, messages: hello },
  answer: "A `message`, or its events as server-sent events that end with `message_stop`",
  parameters: anthropicHeaders
})

const responses = endpoint({
  operationId: "responses",
  tools: true,
  summary: "Create a response",
  description:
    "OpenAI's Responses: any of its clients works with `base_url` set to this server's `/v1`, and OpenAI documents request and answer. `previous_response_id` is known here for a day and to the same key; `background` is refused.",
  documentation: "https://platform.openai.com/docs/api-reference/responses/create",
  fields: { stream, input: { oneOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] } },
  required: ["model", "input"],
  example: { model: "demo/echo", input: "Hello" },
  answer: "A `response`, or its events as server-sent events that end with `response.completed`"
})

const countTokens: Json = {
  post: {
    tags: ["data plane"],
    operationId: "messages.count_tokens",
    summary: "Count the tokens of a message",
    description:
      "As Anthropic counts them, where the model's first target is there. For others the number is an estimate from " +
      "the request's length, and `x-penstock-estimated` says so. Nothing is billed or recorded.",
    parameters: anthropicHeaders,
    security: [{ bearer: [] }, { apiKey: [] }],
    requestBody: requestBody({ messages }, ["model", "messages"], { model: "demo/echo", messages: hello }),
    responses: {
      "200": {
        description: "The number of tokens to read",
        headers: { "x-penstock-estimated": header("`true` where nobody has counted") },
        content: {
          "application/json": {
            schema: {
              type: "object",
              required: ["input_tokens"],
              properties: { input_tokens: { type: "integer", minimum: 0 } }
            }
          }
        }
      },
      ...failures
    }
  }
}

const paths: { readonly [path: string]: Json } = {
  "/v1/chat/completions": chatCompletions,
  "/v1/responses": responses,
  "/v1/messages": anthropicMessages,
  "/v1/messages/count_tokens": countTokens,
  ...storedResponses,
  ...operations
}

/** Paths of the data plane, their parameters as `:name`, with the methods that they take. */
export const dataPlanePaths: { readonly [path: string]: ReadonlyArray<string> } = Object.fromEntries(
  Object.entries(paths).map(([path, operations]) => [
    path.replaceAll(/\{(\w+)\}/g, ":$1"),
    Object.keys(operations).map((method) => method.toUpperCase())
  ])
)

const mapValues = (record: unknown, map: (value: unknown, key: string) => unknown): Json =>
  isRecord(record) ? Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)])) : {}

/** The framework's own decode error never leaves the server: it is written as any other failure. */
const frameworkSchemas = new Set(["HttpApiDecodeError", "Issue", "PropertyKey"])

/** What an endpoint answers beside JSON, by `Accept`. */
const alternatives: { readonly [operationId: string]: string } = {
  "status.landing": "text/html",
  "signals.asked": "text/html",
  "ledger.requests": "text/csv"
}

const withAlternative = (response: unknown, contentType: string | undefined): unknown =>
  contentType === undefined || !isRecord(response) || !isRecord(response["content"])
    ? response
    : { ...response, content: { ...response["content"], [contentType]: { schema: { type: "string" } } } }

const describeOperation = (operation: unknown): unknown => {
  if (!isRecord(operation)) return operation
  const alternative = alternatives[String(operation["operationId"])]
  const takesInput = isRecord(operation["requestBody"]) || JSON.stringify(operation["parameters"]).includes('"query"')
  const responses = Object.entries(isRecord(operation["responses"]) ? operation["responses"] : {}).flatMap(
    ([status, response]): ReadonlyArray<readonly [string, unknown]> => {
      if (status === "200") return [[status, withAlternative(response, alternative)]]
      if (status !== "400") return [[status, response]]
      return takesInput
        ? [[status, failure("The request is not what the endpoint takes; `param` names the field")]]
        : []
    }
  )
  return { ...operation, responses: Object.fromEntries(responses) }
}

/** Completes the description that is derived from the API. */
export const describe = (spec: Json): Json => {
  const components = isRecord(spec["components"]) ? spec["components"] : {}
  const schemas = Object.entries(isRecord(components["schemas"]) ? components["schemas"] : {})
  return {
    ...spec,
    paths: {
      ...paths,
      ...mapValues(spec["paths"], (item) => mapValues(item, describeOperation))
    },
    components: {
      ...components,
      schemas: Object.fromEntries(schemas.filter(([name]) => !frameworkSchemas.has(name)))
    },
    tags: [
      { name: "data plane", description: "The provider's own API, on one address" },
      ...(Array.isArray(spec["tags"]) ? spec["tags"] : [])
    ]
  }
}
