import { assert, describe, it } from "@effect/vitest"
import { dialect, protocol } from "@penstock/gateway/protocols/openai-responses/OpenAiResponses"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { judges, present } from "../../../../../test/support/OpenApi.ts"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import { completion, streamed } from "../completions.ts"
import { context, dataOf, wire } from "./wire.ts"

const asked = {
  model: "m",
  input: "hi",
  instructions: "be brief",
  tools: [{ type: "function", name: "f" }, { type: "web_search" }],
  tool_choice: { type: "function", name: "f" },
  text: { format: { type: "json_schema", name: "n", schema: { type: "object" } }, verbosity: null },
  reasoning: { effort: "low" },
  metadata: { a: "b" },
  max_output_tokens: 20,
  temperature: 0.5
}
const contexts = fc.constantFrom(context, { ...context, asked })

describe.skipIf(!present)(
  "what we write is what OpenAI's description promises (skipped without the description)",
  () => {
    const schema = present ? judges() : () => () => null

    it("every whole response", () => {
      const valid = schema("Response")
      assert.isNotNull(
        valid({
          ...dialect.write({ id: "a", model: "m", content: [], finishReason: "stop", usage: null }, context),
          output: [{}]
        })
      )
      fc.assert(
        fc.property(completion(wire), contexts, (answer, context) =>
          assert.isNull(valid(JSON.parse(JSON.stringify(dialect.write(answer, context)))))
        ),
        { numRuns: 100 }
      )
    })

    it("every event of a stream", () => {
      const valid = schema("ResponseStreamEvent")
      assert.isNotNull(valid({ type: "response.created" }))
      fc.assert(
        fc.property(streamed(wire), contexts, ({ events }, context) => {
          const encoder = dialect.encoder(context)
          for (const each of dataOf(events.map((event) => encoder.write(event)).join(""))) assert.isNull(valid(each))
        }),
        { numRuns: 60 }
      )
    })

    it("the failure of every reason, whole and inside a stream", () => {
      const body = schema("ErrorResponse")
      const event = schema("ResponseStreamEvent")
      for (const reason of GatewayError.Reason.literals) {
        const error = GatewayError.make(reason, "why")
        assert.isNull(body(dialect.failure(error, "req_1")))
        // The word that Codex looks for is not among those of the description.
        if (reason === "context_length") continue
        for (const each of dataOf(dialect.failureFrame(error, "req_1"))) assert.isNull(event(each))
      }
    })

    it("a request with everything in it", () => {
      const valid = schema("CreateResponse")
      assert.isNotNull(valid({ model: "m", input: [{ type: "message" }] }))
      const text = { type: "text", text: "a" } as const
      const request: ChatRequest = {
        model: "m",
        messages: [
          { role: "system", content: [text] },
          { role: "developer", content: [text, text] },
          {
            role: "user",
            content: [
              text,
              { type: "image", source: { type: "url", url: "https://a.test/b.png" } },
              { type: "image", source: { type: "base64", mediaType: "image/png", data: "AAAA" }, detail: "low" },
              { type: "file", data: "AAAA", mediaType: "application/pdf", filename: "a.pdf" },
              { type: "file", fileId: "file_1" }
            ]
          },
          {
            role: "assistant",
            content: [
              { type: "reasoning", text: "hm", signature: "rs_1:Z0FB", issuer: "openai-responses" },
              { type: "reasoning", text: "", redacted: true, signature: "rs_2:Z0FB", issuer: "openai-responses" },
              text,
              { type: "refusal", text: "no" },
              { type: "tool-call", id: "c", name: "f", arguments: "{}" }
            ]
          },
          { role: "tool", content: [{ type: "tool-result", toolCallId: "c", content: [text] }] }
        ],
        stream: true,
        tools: [
          { name: "f" },
          { name: "g", description: "d", parameters: { type: "object", additionalProperties: false }, strict: true }
        ],
        toolChoice: { tool: "f" },
        parallelToolCalls: false,
        responseFormat: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
        maxTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        reasoningEffort: "low",
        user: "u",
        extra: { verbosity: "low", metadata: { a: "b" }, service_tier: "auto", store: true }
      }
      const { body, dropped } = Either.getOrThrow(protocol.lower(request, { model: "gpt-5", maxOutputTokens: null }))
      assert.isNull(valid(JSON.parse(JSON.stringify(body))))
      assert.isEmpty(dropped)
    })
  }
)
