/** The official client against the server, whichever provider answers behind it. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type OpenAI from "openai"
import { BadRequestError, InternalServerError, RateLimitError } from "openai"
import * as Lab from "./support/Lab.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
afterAll(() => lab.close())

type Create = OpenAI.ChatCompletionCreateParamsNonStreaming
const hello: Create["messages"] = [{ role: "user", content: "hello" }]
const weather = (city: string): OpenAI.ChatCompletionFunctionTool => ({
  type: "function",
  function: {
    name: `weather_${city}`,
    description: `The weather in ${city}`,
    parameters: { type: "object", properties: { unit: { type: "string" } }, required: ["unit"] }
  }
})

const calls = (message: OpenAI.ChatCompletionMessage) =>
  (message.tool_calls ?? []).map((call) =>
    call.type === "function" ? [call.id, call.function.name, JSON.parse(call.function.arguments)] : call
  )

const twoCalls = [
  { id: "call_paris", name: "weather_paris", args: ['{"unit"', ':"C"}'] },
  { id: "call_oslo", name: "weather_oslo", args: ['{"unit":', '"F"}'] }
]
const cityTools = [weather("paris"), weather("oslo")]
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const reasoningOf = (message: object | undefined): string =>
  (message as { readonly reasoning_content?: string } | undefined)?.reasoning_content ?? ""
const slowDown = (provider: Lab.ProviderName) =>
  provider === "ollama" ? { error: "slow down" } : Wire.openaiError("slow down", "requests", "rate_limit_exceeded")

for (const provider of Lab.providerNames) {
  const model = Lab.models[provider]
  const sent = () => lab.upstreams[provider].requests.at(-1)!.json
  const next = (said: Wire.Said) => lab.upstreams[provider].next(Lab.says(said))

  describe(`the official client, answered by ${provider}`, () => {
    it("gets a whole answer with its usage and where it came from", async () => {
      next({ text: ["Grüße, ", "世界"], inputTokens: 40, outputTokens: 7 })
      const { data, response } = await lab.client.chat.completions.create({ model, messages: hello }).withResponse()
      assert.strictEqual(data.object, "chat.completion")
      assert.strictEqual(data.choices[0]!.message.content, "Grüße, 世界")
      assert.strictEqual(data.choices[0]!.finish_reason, "stop")
      assert.deepStrictEqual(
        [data.usage?.prompt_tokens, data.usage?.completion_tokens, data.usage?.total_tokens],
        [40, 7, 47]
      )
      assert.strictEqual(response.headers.get("x-penstock-provider"), provider)
      assert.strictEqual(response.headers.get("x-penstock-model"), model.replace("mock/", ""))
      assert.strictEqual(response.headers.get("x-penstock-attempts"), "1")
      assert.match(response.headers.get("x-request-id") ?? "", /^req_/)
    })

    it("iterates over a stream, and gets usage only when it asks for it", async () => {
      for (const include_usage of [false, true]) {
        next({ text: ["one ", "two ", "three"] })
        const stream = await lab.client.chat.completions.create({
          model,
          messages: hello,
          stream: true,
          ...(include_usage ? { stream_options: { include_usage } } : {})
        })
        const pieces: Array<string> = []
        const finishes: Array<string> = []
        let usage: OpenAI.CompletionUsage | null = null
        for await (const chunk of stream) {
          const [choice] = chunk.choices
          if (choice?.delta.content) pieces.push(choice.delta.content)
          if (choice?.finish_reason) finishes.push(choice.finish_reason)
          usage = chunk.usage ?? usage
        }
        assert.deepStrictEqual(pieces, ["one ", "two ", "three"])
        assert.deepStrictEqual(finishes, ["stop"])
        assert.strictEqual(usage?.total_tokens, include_usage ? 17 : undefined)
      }
    })

    it("gathers the same answer from a stream as from a whole one", async () => {
      const said = { text: ["same ", "either way"], reasoning: ["first ", "think"], tools: twoCalls }
      next(said)
      const whole = await lab.client.chat.completions.create({ model, messages: hello, tools: cityTools })
      next(said)
      const streamed = await lab.client.chat.completions
        .stream({ model, messages: hello, tools: cityTools, stream_options: { include_usage: true } })
        .finalChatCompletion()
      assert.strictEqual(streamed.choices[0]!.message.content, whole.choices[0]!.message.content)
      assert.deepStrictEqual(calls(streamed.choices[0]!.message), calls(whole.choices[0]!.message))
      assert.strictEqual(streamed.choices[0]!.finish_reason, whole.choices[0]!.finish_reason)
      assert.strictEqual(streamed.usage?.total_tokens, whole.usage?.total_tokens)
    })

    it("calls tools in parallel, and the provider gets calls and results back", async () => {
      next({ tools: twoCalls })
      const messages: Create["messages"] = [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Weather?" }
      ]
      const first = await lab.client.chat.completions.create({
        model,
        messages,
        tools: cityTools,
        tool_choice: "auto",
        parallel_tool_calls: true
      })
      const { message, finish_reason } = first.choices[0]!
      assert.strictEqual(finish_reason, "tool_calls")
      const [paris, oslo] = calls(message) as [[string, string, unknown], [string, string, unknown]]
      assert.deepStrictEqual(paris.slice(1), ["weather_paris", { unit: "C" }])
      assert.deepStrictEqual(oslo.slice(1), ["weather_oslo", { unit: "F" }])
      assert.notStrictEqual(paris[0], oslo[0])
      assert.include(JSON.stringify(sent()), "The weather in oslo")

      next({ text: ["Sunny and cold."] })
      const second = await lab.client.chat.completions.create({
        model,
        tools: cityTools,
        messages: [
          ...messages,
          message,
          { role: "tool", tool_call_id: paris[0], content: "sunny" },
          { role: "tool", tool_call_id: oslo[0], content: "cold" }
        ]
      })
      assert.strictEqual(second.choices[0]!.message.content, "Sunny and cold.")
      const history = sent().messages
      if (provider === "anthropic") {
        assert.deepStrictEqual(
          history
            .at(-2)
            .content.map((block: { type: string; name: string; input: unknown }) => [block.name, block.input]),
          [
            ["weather_paris", { unit: "C" }],
            ["weather_oslo", { unit: "F" }]
          ]
        )
        // One turn with both results, as the API wants it.
        assert.deepStrictEqual(
          history.at(-1).content.map((block: { tool_use_id: string }) => block.tool_use_id),
          [paris[0], oslo[0]]
        )
        // A second turn is marked for Anthropic's prompt cache.
        const cache_control = { type: "ephemeral" }
        assert.deepStrictEqual(sent().system, [{ type: "text", text: "Be brief.", cache_control }])
      } else {
        assert.deepStrictEqual(
          history.map((each: { role: string }) => each.role),
          ["system", "user", "assistant", "tool", "tool"]
        )
        const called = history[2].tool_calls.map((call: { function: { name: string; arguments: unknown } }) => [
          call.function.name,
          typeof call.function.arguments === "string" ? JSON.parse(call.function.arguments) : call.function.arguments
        ])
        assert.deepStrictEqual(called, [
          ["weather_paris", { unit: "C" }],
          ["weather_oslo", { unit: "F" }]
        ])
        assert.deepStrictEqual(
          history.slice(3).map((each: { content: string }) => each.content),
          ["sunny", "cold"]
        )
      }
    })

    it("asks for JSON by schema, in the provider's own way", async () => {
      const schema = {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
        additionalProperties: false
      }
      next({ text: ['{"city":', '"Oslo"}'] })
      const answer = await lab.client.chat.completions.create({
        model,
        messages: hello,
        response_format: { type: "json_schema", json_schema: { name: "place", strict: true, schema } }
      })
      assert.deepStrictEqual(JSON.parse(answer.choices[0]!.message.content ?? ""), { city: "Oslo" })
      const asked = {
        mock: () => sent().response_format.json_schema.schema,
        anthropic: () => sent().output_config.format.schema,
        ollama: () => sent().format
      }[provider]()
      assert.deepStrictEqual(asked, schema)
    })

    it("sends an image by its bytes", async () => {
      await lab.client.chat.completions.create({
        model,
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "What is it?" },
              { type: "image_url", image_url: { url: `data:image/png;base64,${dot}` } }
            ]
          }
        ]
      })
      const [message] = sent().messages
      if (provider === "mock") assert.strictEqual(message.content[1].image_url.url, `data:image/png;base64,${dot}`)
      if (provider === "ollama") assert.deepStrictEqual([message.content, message.images], ["What is it?", [dot]])
      if (provider === "anthropic") {
        assert.deepStrictEqual(message.content, [
          { type: "text", text: "What is it?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: dot } }
        ])
      }
    })

    it("sees the reasoning, whole and streamed", async () => {
      const said = { reasoning: ["Let me ", "think."], text: ["42"], reasoningTokens: 3 }
      next(said)
      const whole = await lab.client.chat.completions.create({ model, messages: hello, reasoning_effort: "low" })
      assert.strictEqual(reasoningOf(whole.choices[0]!.message), "Let me think.")
      assert.strictEqual(whole.choices[0]!.message.content, "42")
      // Ollama does not count thinking apart.
      assert.strictEqual(whole.usage?.completion_tokens_details?.reasoning_tokens, provider === "ollama" ? 0 : 3)
      next(said)
      const stream = await lab.client.chat.completions.create({ model, messages: hello, stream: true })
      let [text, reasoning] = ["", ""]
      for await (const { choices } of stream) {
        text += choices[0]?.delta.content ?? ""
        reasoning += reasoningOf(choices[0]?.delta)
      }
      assert.deepStrictEqual([text, reasoning], ["42", "Let me think."])
    })

    it("learns that the answer was cut short by a limit", async () => {
      next({ finish: provider === "anthropic" ? "max_tokens" : "length" })
      const answer = await lab.client.chat.completions.create({ model, messages: hello, max_completion_tokens: 5 })
      assert.strictEqual(answer.choices[0]!.finish_reason, "length")
      const limit = {
        mock: sent().max_completion_tokens,
        anthropic: sent().max_tokens,
        ollama: sent().options?.num_predict
      }
      assert.strictEqual(limit[provider], 5)
    })

    it("gets the provider's rate limit as a RateLimitError with its Retry-After", async () => {
      const body = provider === "anthropic" ? Wire.anthropicError("slow down", "rate_limit_error") : slowDown(provider)
      lab.upstreams[provider].next({ status: 429, headers: { "retry-after": "7" }, body })
      const error = await Lab.failureOf(lab.client.chat.completions.create({ model, messages: hello }))
      assert.instanceOf(error, RateLimitError)
      assert.strictEqual(error.status, 429)
      assert.strictEqual(error.type, "rate_limit_error")
      assert.strictEqual(error.headers?.get("retry-after"), "7")
      assert.include(error.message, "slow down")
    })

    it("gets a provider's refusal of the request as a BadRequestError in the provider's words", async () => {
      const body =
        provider === "ollama"
          ? { error: "bad thing" }
          : provider === "anthropic"
            ? Wire.anthropicError("bad thing")
            : { error: { message: "bad thing", type: "invalid_request_error", param: "seed", code: "bad_seed" } }
      lab.upstreams[provider].next({ status: 400, body })
      const error = await Lab.failureOf(lab.client.chat.completions.create({ model, messages: hello }))
      assert.instanceOf(error, BadRequestError)
      assert.strictEqual(error.type, "invalid_request_error")
      assert.include(error.message, "bad thing")
      if (provider === "mock") assert.deepStrictEqual([error.param, error.code], ["seed", "bad_seed"])
    })

    it("gets a failing provider as an InternalServerError, never as an answer", async () => {
      lab.upstreams[provider].next({ status: 500, body: "<html>oops</html>" })
      const error = await Lab.failureOf(lab.client.chat.completions.create({ model, messages: hello }))
      assert.instanceOf(error, InternalServerError)
      assert.strictEqual(error.status, 502)
    })

    it("leaves in the middle of a stream, and the provider is aborted and the row partial", async () => {
      const gate = Upstream.gate()
      const body = provider === "ollama" ? Wire.ollamaStream() : undefined
      const frames = body ?? (provider === "anthropic" ? Wire.anthropicStream() : Wire.openaiStream())
      const at = provider === "anthropic" ? 4 : 2
      const steps = [...frames.slice(0, at), gate.opened, ...frames.slice(at)]
      lab.upstreams[provider].next(
        provider === "ollama"
          ? { headers: { "content-type": "application/x-ndjson" }, body: steps }
          : Upstream.eventStream(...steps)
      )
      const controller = new AbortController()
      const { data, response } = await lab.client.chat.completions
        .create({ model, messages: hello, stream: true }, { signal: controller.signal })
        .withResponse()
      let text = ""
      for await (const chunk of data) {
        text += chunk.choices[0]?.delta.content ?? ""
        if (text !== "") controller.abort()
      }
      const left = await lab.upstreams[provider].nextAbort()
      assert.strictEqual(left.json.stream, true)
      gate.open()
      const row = await Lab.row(lab.penstock, response.headers.get("x-request-id"))
      assert.strictEqual(row.status, "partial")
      assert.isNull(row.error)
      assert.isNotNull(row.first_token_ms)
    })
  })
}
