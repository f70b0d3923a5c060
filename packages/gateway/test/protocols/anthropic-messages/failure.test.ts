import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import { GatewayError, Reason } from "@penstock/schema/GatewayError"
import { framesOf } from "./dialect.ts"

const told = (reason: Reason) => dialect.failure(new GatewayError({ reason, message: "why" }), "req_1")

describe("a failure told to a caller of the Messages API", () => {
  it("has Anthropic's shape for every reason", () => {
    for (const reason of Reason.literals) {
      const { error, ...rest } = told(reason)
      assert.deepStrictEqual(rest, { type: "error", request_id: "req_1" })
      assert.nestedPropertyVal({ error }, "error.message", "why")
    }
  })

  it("is read again as what it was, where Anthropic has a word for it", () => {
    const same: ReadonlyArray<Reason> = [
      "invalid_request",
      "model_not_found",
      "too_large",
      "rate_limit",
      "server",
      "timeout"
    ]
    for (const reason of same) {
      const { status } = new GatewayError({ reason, message: "why" })
      assert.strictEqual(protocol.failure(status, told(reason), {}).reason, reason)
    }
  })

  it("keeps the provider's own answer", () => {
    const error = protocol.failure(529, { error: { type: "overloaded_error", message: "busy" } }, {})
    assert.deepStrictEqual<unknown>(dialect.failure(error, "req_1"), {
      type: "error",
      error: { type: "api_error", message: "busy", upstream: { status: 529, code: "overloaded_error" } },
      request_id: "req_1"
    })
  })

  it("inside a stream is one event named error", () => {
    const error = new GatewayError({ reason: "network", message: "cut\n\nhere" })
    const [frame, ...more] = framesOf(dialect.failureFrame(error, "req_1"))
    assert.isEmpty(more)
    assert.strictEqual(frame?.event, "error")
    assert.deepStrictEqual(JSON.parse(frame!.data), dialect.failure(error, "req_1"))
  })
})

describe("a prompt that is too long for Anthropic", () => {
  const failed = (message: string, status = 400, type = "invalid_request_error") =>
    protocol.failure(status, { type: "error", error: { type, message } }, {}).reason

  it("is told by the two forms of its message, as Anthropic has no code for it", () => {
    for (const message of [
      "prompt is too long: 210011 tokens > 200000 maximum",
      "prompt is too long",
      "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000, decrease input length or `max_tokens` and try again"
    ]) {
      assert.strictEqual(failed(message), "context_length")
    }
  })

  it("is nothing that merely speaks of it, nor of another status or type", () => {
    const message = "prompt is too long: 2 tokens > 1 maximum"
    assert.strictEqual(failed(`messages.0.content: "${message}" is not allowed`), "invalid_request")
    assert.strictEqual(failed(`${message}\n`.repeat(2)), "invalid_request")
    assert.strictEqual(failed(message, 400, "not_found_error"), "invalid_request")
    assert.strictEqual(failed(message, 500), "server")
  })
})
