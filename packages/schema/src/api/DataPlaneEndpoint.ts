/**
 * One endpoint of the data plane in the API's description: what is said of all of them, and what differs. These are other
 * people's API on a shorter way, so that only what routing needs is described.
 */

export type Json = { readonly [key: string]: unknown }

export const failure = (description: string): Json => ({
  description,
  content: { "application/json": { schema: { $ref: "#/components/schemas/ApiError" } } }
})

export const header = (description: string): Json => ({ description, schema: { type: "string" } })

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
  /** The fields that the gateway or any client must know: `messages`, `input`. */
  readonly fields: { readonly [field: string]: Json }
  readonly required: ReadonlyArray<string>
  readonly example: Json
  /** What a whole answer is, and how a stream ends. */
  readonly answer: string
  readonly parameters?: ReadonlyArray<Json>
  /** Whether tools can be offered. */
  readonly tools?: true
  /** Where it is not JSON. */
  readonly requestType?: string
  /** What an answer may be besides JSON. */
  readonly answerTypes?: { readonly [contentType: string]: Json }
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

export const failures: Json = {
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

export const stream: Json = { type: "boolean", default: false, description: "Answer with server-sent events" }

export const requestBody = (
  fields: Described["fields"],
  required: ReadonlyArray<string>,
  example: Json,
  type = "application/json"
): Json => ({
  required: true,
  content: {
    [type]: {
      schema: {
        type: "object",
        required,
        properties: { model, ...fields },
        additionalProperties: true
      },
      example
    }
  }
})

export const eventStream: Json = { "text/event-stream": { schema: { type: "string" } } }

const tools =
  '`tools` may name MCP servers of this gateway, `{"type": "mcp", "server": "files", "allowed_tools": ["read_*"], ' +
  '"max_turns": 4}` (`*` for all servers): their tools are called here, between the turns of one answer, and told in ' +
  "comments of a stream."

export const endpoint = (described: Described): Json => ({
  post: {
    tags: ["data plane"],
    operationId: described.operationId,
    summary: described.summary,
    description:
      `${described.description} Only what routing needs is described here. Fields that are not known here are ` +
      "passed on to a provider of the same protocol; what another protocol cannot express is named in " +
      `\`x-penstock-dropped\`. \`model\` is a name of \`GET /v1/models\`. ${described.tools === true ? tools : ""}`.trim(),
    externalDocs: { description: described.summary, url: described.documentation },
    parameters: [idempotencyKey, cacheControl, ...(described.parameters ?? [])],
    security: [{ bearer: [] }, { apiKey: [] }],
    requestBody: requestBody(described.fields, described.required, described.example, described.requestType),
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
          ...(described.tools === true
            ? {
                "x-penstock-turns": header(
                  "How often the model was asked, where MCP tools were offered; not on streams"
                )
              }
            : {}),
          "x-penstock-cache": header("`hit` or `miss`, where the cache is on"),
          "idempotent-replayed": header("`true` on the answer to a repeat"),
          ...rateHeaders
        },
        content: {
          "application/json": { schema: { type: "object" } },
          ...(described.answerTypes ?? eventStream)
        }
      },
      ...failures
    }
  }
})
