import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import { toOpenAiError } from "@penstock/schema/api/ApiError"
import { GatewayError, Reason } from "@penstock/schema/GatewayError"

const failure = (status: number, error: unknown = {}, headers = {}) => protocol.failure(status, { error }, headers)

describe("a provider's failure", () => {
  const cases: ReadonlyArray<readonly [status: number, error: object, reason: Reason]> = [
    [400, {}, "invalid_request"],
    [401, { code: "invalid_api_key" }, "authentication"],
    [402, {}, "rate_limit"],
    [403, {}, "authentication"],
    [404, {}, "model_not_found"],
    [408, {}, "timeout"],
    [413, {}, "too_large"],
    [422, {}, "invalid_request"],
    [429, { type: "tokens", code: "rate_limit_exceeded" }, "rate_limit"],
    [429, { code: "insufficient_quota" }, "rate_limit"],
    [400, { code: "context_length_exceeded" }, "context_length"],
    [400, { type: "exceed_context_size_error" }, "context_length"],
    [400, { code: "content_filter" }, "content_filter"],
    [400, { code: "content_policy_violation" }, "content_filter"],
    [400, { code: "model_not_found" }, "model_not_found"],
    [400, { message: "context_length_exceeded" }, "invalid_request"],
    [500, {}, "server"],
    [503, { type: "overloaded_error" }, "server"],
    [529, {}, "server"]
  ]
  for (const [status, error, reason] of cases) {
    it(`${status} ${JSON.stringify(error)} is ${reason}`, () =>
      assert.strictEqual(failure(status, error).reason, reason))
  }

  it("keeps the provider's message, code, field and status", () => {
    const error = failure(400, {
      message: "too hot",
      type: "invalid_request_error",
      param: "temperature",
      code: "bad_value"
    })
    assert.deepInclude(
      { ...error, message: error.message },
      {
        message: "too hot",
        param: "temperature",
        code: "bad_value",
        upstream: { status: 400, code: "bad_value" }
      }
    )
  })

  it("finds the message in every shape that is about, and cuts it at 2,000 characters", () => {
    const bodies = [
      { error: { message: "why" } },
      { error: "why" },
      { message: "why" },
      { detail: "why" },
      [{ error: { message: "why" } }],
      "why"
    ]
    for (const body of bodies) assert.strictEqual(protocol.failure(500, body, {}).message, "why")
    assert.include(protocol.failure(422, { detail: [{ msg: "why" }] }, {}).message, "why")
    assert.strictEqual(failure(500, { message: "x".repeat(5000) }).message.length, 2000)
    assert.match(protocol.failure(502, "", {}).message, /502/)
  })

  it("says how long to wait, when the provider does in seconds or milliseconds", () => {
    assert.strictEqual(failure(429, {}, { "retry-after": "7" }).retryAfterMillis, 7000)
    assert.strictEqual(failure(429, {}, { "retry-after": ["1.5"] }).retryAfterMillis, 1500)
    assert.strictEqual(failure(429, {}, { "retry-after-ms": "250", "retry-after": "7" }).retryAfterMillis, 250)
    for (const value of ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "soon", ""]) {
      assert.isUndefined(failure(429, {}, { "retry-after": value }).retryAfterMillis)
    }
  })
})

describe("a failure told to the caller", () => {
  it("is the control plane's for every reason", () => {
    for (const reason of Reason.literals) {
      const error = new GatewayError({ reason, message: "why" })
      assert.deepStrictEqual<unknown>(dialect.failure(error, "req_1"), toOpenAiError(error))
    }
  })

  it("keeps the provider's own answer", () => {
    const body = dialect.failure(failure(429, { message: "no", code: "insufficient_quota" }), "req_1")
    assert.deepStrictEqual(body, {
      error: {
        message: "no",
        type: "rate_limit_error",
        param: null,
        code: "insufficient_quota",
        upstream: { status: 429, code: "insufficient_quota" }
      }
    })
  })

  it("inside a stream is one event, and no [DONE] follows", () => {
    const error = failure(500, { message: "broke\n\noff" })
    assert.strictEqual(
      dialect.failureFrame(error, "req_1"),
      `data: ${JSON.stringify(toOpenAiError(error, "req_1"))}\n\n`
    )
  })
})
