/**
 * What the API's description says beyond what derives from `PenstockApi`: the data plane, which is other people's API
 * on a shorter way, and failures, which all have one shape.
 */
import { isRecord } from "effect/Predicate"

type Json = { readonly [key: string]: unknown }

const failure = (description: string): Json => ({
  description,
  content: { "application/json": { schema: { $ref: "#/components/schemas/ApiError" } } }
})

const header = (description: string): Json => ({ description, schema: { type: "string" } })

/** As OpenAI sends them; only where the key has such a limit. */
const rateHeaders: Json = Object.fromEntries(
  ["requests", "tokens"].flatMap((unit) => [
    [`x-ratelimit-limit-${unit}`, header(`The key's ${unit} a minute`)],
    [`x-ratelimit-remaining-${unit}`, header(`How many ${unit} are left of them`)],
    [`x-ratelimit-reset-${unit}`, header("Until all of them are back: `1s`, `6m0s`")]
  ])
)

/** What differs between the endpoints for models. */
interface Described {
  readonly operationId: string
  readonly summary: string
  /** Whose API it is, and what its clients set. */
  readonly description: string
  readonly documentation: string
  /** Where the conversation is: `messages` or `input`. */
  readonly conversation: { readonly [field: string]: Json }
  readonly required: ReadonlyArray<string>
  readonly example: Json
  /** What a whole answer is, and how a stream ends. */
  readonly answer: string
  readonly parameters?: ReadonlyArray<Json>
}

const idempotencyKey: Json = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  schema: { type: "string", minLength: 1, maxLength: 255 },
  description:
    "The same key with the same body is the same request: a repeat joins the running call or gets the finished " +
    "answer, for 24 hours, and is billed once"
}

const cacheControl: Json = {
  name: "Cache-Control",
  in: "header",
  required: false,
  schema: { type: "string", enum: ["no-cache", "no-store"] },
  description: "`no-cache`: not answered from the cache; `no-store`: nor kept in it"
}

const failures: Json = {
  "400": failure("The request is not one; `param` names the field. Also a context that is too long"),
  "401": failure("No key, or one that is not known here"),
  "403": failure("The key may not use this model"),
  "404": failure("No provider has this model"),
  "413": failure("The body is larger than `server.max_body`"),
  "402": failure("A budget does not allow it; the message says which, what is left and when it resets"),
  "409": failure("The Idempotency-Key was sent before with another body"),
  "422": failure("No target of the model can do what the request needs"),
  "429": {
    ...failure("The key's rate is reached, or the provider limits its own; `Retry-After` says how long"),
    headers: { "retry-after": header("Seconds"), ...rateHeaders }
  },
  "500": failure("Penstock failed"),
  "502": failure("The provider failed, refused the gateway's key or broke off; its answer is in `upstream`"),
  "503": failure("The provider is not configured or not reachable; the message says what to set"),
  "504": failure("The provider did not answer in time")
}

const model: Json = { type: "string", description: "A name of `GET /v1/models`, or `provider/model`" }

const requestBody = (
  conversation: Described["conversation"],
  required: ReadonlyArray<string>,
  example: Json
): Json => ({
  required: true,
  content: {
    "application/json": {
      schema: {
        type: "object",
        required: ["model", ...required],
        properties: {
          model,
          ...conversation,
          stream: { type: "boolean", default: false, description: "Answer with server-sent events" }
        },
        additionalProperties: true
      },
      example
    }
  }
})

const endpoint = (described: Described): Json => ({
  post: {
    tags: ["data plane"],
    operationId: described.operationId,
    summary: described.summary,
    description:
      `${described.description} Only what routing needs is described here. Fields that are not known here are ` +
      "passed on to a provider of the same protocol; what another protocol cannot express is named in " +
      "`x-penstock-dropped`. `model` is a name of `GET /v1/models`. `tools` may name MCP servers of this gateway, " +
      '`{"type": "mcp", "server": "files", "allowed_tools": ["read_*"], "max_turns": 4}` (`*` for all servers): their ' +
      "tools are called here, between the turns of one answer, and told in comments of a stream.",
    externalDocs: { description: described.summary, url: described.documentation },
    parameters: [idempotencyKey, cacheControl, ...(described.parameters ?? [])],
    security: [{ bearer: [] }, { apiKey: [] }],
    requestBody: requestBody(described.conversation, described.required, described.example),
    responses: {
      "200": {
        description: described.answer,
        headers: {
          "x-request-id": header("The request's id in the ledger"),
          "x-penstock-provider": header("The provider that answered"),
          "x-penstock-model": header("The model's name at the provider"),
          "x-penstock-attempts": header("How many attempts it took"),
          "x-penstock-cost-usd": header("What it cost, when that is known; not on streams"),
          "x-penstock-dropped": header("Fields of the request that the provider's protocol cannot express"),
          "x-penstock-fallback": header("`true` when another target than the first answered"),
          "x-penstock-turns": header("How often the model was asked, where MCP tools were offered; not on streams"),
          "x-penstock-cache": header("`hit` or `miss`, where the cache is on"),
          "idempotent-replayed": header("`true` on the answer to a repeat"),
          ...rateHeaders
        },
        content: {
          "application/json": { schema: { type: "object" } },
          "text/event-stream": { schema: { type: "string" } }
        }
      },
      ...failures
    }
  }
})

const messages: Json = { type: "array", minItems: 1, items: { type: "object" } }
const hello = [{ role: "user", content: "Hello" }]

const chatCompletions = endpoint({
  operationId: "chat.completions",
  summary: "Create a chat completion",
  description:
    "OpenAI's Chat Completions: any of its clients works with `base_url` set to this server's `/v1`, and OpenAI documents request and answer.",
  documentation: "https://platform.openai.com/docs/api-reference/chat/create",
  conversation: { messages },
  required: ["messages"],
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
  summary: "Create a message",
  description:
    "Anthropic's Messages: any of its clients works with `base_url` set to this server, and Anthropic documents request and answer. Failures are in Anthropic's shape: `{type, error: {type, message}, request_id}`.",
  documentation: "https://docs.anthropic.com/en/api/messages",
  conversation: { messages, max_tokens: { type: "integer", minimum: 1 } },
  required: ["messages", "max_tokens"],
  example: { model: "demo/echo", max_tokens: 100, messages: hello },
  answer: "A `message`, or its events as server-sent events that end with `message_stop`",
  parameters: anthropicHeaders
})

const responses = endpoint({
  operationId: "responses",
  summary: "Create a response",
  description:
    "OpenAI's Responses: any of its clients works with `base_url` set to this server's `/v1`, and OpenAI documents request and answer. `previous_response_id` is known here for a day and to the same key; `background` is refused.",
  documentation: "https://platform.openai.com/docs/api-reference/responses/create",
  conversation: { input: { oneOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] } },
  required: ["input"],
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
    requestBody: requestBody({ messages }, ["messages"], { model: "demo/echo", messages: hello }),
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
  "/v1/messages/count_tokens": countTokens
}

/** Paths of the data plane, with the methods that they take. */
export const dataPlanePaths: { readonly [path: string]: ReadonlyArray<string> } = Object.fromEntries(
  Object.keys(paths).map((path) => [path, ["POST"]])
)

const mapValues = (record: unknown, map: (value: unknown, key: string) => unknown): Json =>
  isRecord(record) ? Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)])) : {}

/** The framework's own decode error never leaves the server: it is written as any other failure. */
const frameworkSchemas = new Set(["HttpApiDecodeError", "Issue", "PropertyKey"])

/** What an endpoint answers beside JSON, by `Accept`. */
const alternatives: { readonly [operationId: string]: string } = {
  "status.landing": "text/html",
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
