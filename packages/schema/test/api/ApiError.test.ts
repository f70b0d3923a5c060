import { assert, describe, it } from "@effect/vitest"
import { fromOpenAiError, openAiErrorType, toOpenAiError } from "@penstock/schema/api/ApiError"
import { GatewayError, make, Reason } from "@penstock/schema/GatewayError"

describe("ApiError", () => {
  it("gives each reason one of OpenAI's words", () => {
    for (const reason of Reason.literals) assert.match(openAiErrorType(reason), /_(error|quota)$/)
  })

  it("says null where there is nothing to say, as OpenAI does", () => {
    assert.deepStrictEqual(toOpenAiError(make("model_not_found", "no such model")), {
      error: { message: "no such model", type: "invalid_request_error", param: null, code: "model_not_found" }
    })
  })

  it("uses the code that OpenAI's clients compare with", () => {
    assert.strictEqual(toOpenAiError(make("context_length", "")).error.code, "context_length_exceeded")
    assert.strictEqual(toOpenAiError(make("rate_limit", "")).error.code, "rate_limit_exceeded")
    assert.strictEqual(toOpenAiError(make("unauthenticated", "")).error.code, "invalid_api_key")
  })

  it("keeps what the provider answered and the request's id", () => {
    const error = new GatewayError({
      reason: "server",
      message: "boom",
      param: "model",
      code: "own",
      upstream: { status: 500, code: "internal" }
    })
    assert.deepStrictEqual(toOpenAiError(error, "req_1"), {
      error: {
        message: "boom",
        type: "server_error",
        param: "model",
        code: "own",
        upstream: { status: 500, code: "internal" },
        request_id: "req_1"
      }
    })
  })

  it("is read back with the reason it was written with", () => {
    for (const reason of Reason.literals) {
      const error = make(reason, "message", { param: "a.b" })
      assert.deepStrictEqual(fromOpenAiError(error.status, toOpenAiError(error)), error)
    }
  })
})
