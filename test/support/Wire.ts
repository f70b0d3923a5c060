/**
 * Answers as providers write them: one whole body and one stream for each protocol, from the same description, so that
 * a test can ask for both and expect the same.
 */

export interface Said {
  readonly model?: string
  /** The text, in the pieces in which a stream delivers it. */
  readonly text?: ReadonlyArray<string>
  /** Tool calls; the arguments in the pieces in which a stream delivers them. */
  readonly tools?: ReadonlyArray<{ readonly id: string; readonly name: string; readonly args: ReadonlyArray<string> }>
  /** Thinking before the text, in the pieces in which a stream delivers it. */
  readonly reasoning?: ReadonlyArray<string>
  /** Anthropic's signature of the thinking. */
  readonly signature?: string
  /** A refusal in OpenAI's words; Anthropic gives it as the explanation of its stop reason. */
  readonly refusal?: string
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedTokens?: number
  /** Part of the output. */
  readonly reasoningTokens?: number
  /** The provider's own word for why it ended (`length`, `max_tokens`); the protocol's normal one by default. */
  readonly finish?: string
}

const filled = (said: Said) => ({
  model: said.model ?? "upstream-model",
  text: said.text ?? (said.tools === undefined && said.refusal === undefined ? ["Hello", " from", " upstream."] : []),
  tools: said.tools ?? [],
  reasoning: said.reasoning ?? [],
  signature: said.signature ?? "sig_upstream",
  input: said.inputTokens ?? 12,
  output: said.outputTokens ?? 5,
  cached: said.cachedTokens ?? 0,
  thought: said.reasoningTokens ?? 0
})

export const sse = (data: unknown, event?: string): string =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`

export const ndjson = (value: unknown): string => `${JSON.stringify(value)}\n`

// ---------------------------------------------------------------------------------------------- OpenAI

const openaiUsage = (said: Said) => {
  const { input, output, cached, thought } = filled(said)
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: thought, audio_tokens: 0 }
  }
}

export const openaiCompletion = (said: Said = {}) => {
  const { model, text, tools, reasoning } = filled(said)
  const toolCalls = tools.map(({ id, name, args }) => ({
    id,
    type: "function",
    function: { name, arguments: args.join("") }
  }))
  return {
    id: "chatcmpl-upstream",
    object: "chat.completion",
    created: 1_700_000_000,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: text.length === 0 ? null : text.join(""),
          refusal: said.refusal ?? null,
          annotations: [],
          ...(reasoning.length > 0 && { reasoning_content: reasoning.join("") }),
          ...(toolCalls.length > 0 && { tool_calls: toolCalls })
        },
        logprobs: null,
        finish_reason: said.finish ?? (toolCalls.length > 0 ? "tool_calls" : "stop")
      }
    ],
    usage: openaiUsage(said),
    service_tier: "default",
    system_fingerprint: "fp_upstream"
  }
}

/** The frames of a stream, terminal event included; a usage chunk only when asked for, as OpenAI does it. */
export const openaiStream = (said: Said = {}, includeUsage = false): ReadonlyArray<string> => {
  const { model, text, tools, reasoning } = filled(said)
  const chunk = (choices: ReadonlyArray<unknown>, usage?: unknown) =>
    sse({
      id: "chatcmpl-upstream",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model,
      service_tier: "default",
      system_fingerprint: "fp_upstream",
      choices,
      ...(includeUsage && { usage: usage ?? null })
    })
  const delta = (value: unknown, finish: string | null = null) =>
    chunk([{ index: 0, delta: value, logprobs: null, finish_reason: finish }])
  return [
    delta({ role: "assistant", content: tools.length > 0 ? null : "", refusal: null }),
    ...reasoning.map((piece) => delta({ reasoning_content: piece })),
    ...text.map((content) => delta({ content })),
    ...(said.refusal === undefined ? [] : [delta({ refusal: said.refusal })]),
    ...tools.flatMap(({ id, name, args }, index) => [
      delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
      ...args.map((piece) => delta({ tool_calls: [{ index, function: { arguments: piece } }] }))
    ]),
    delta({}, said.finish ?? (tools.length > 0 ? "tool_calls" : "stop")),
    ...(includeUsage ? [chunk([], openaiUsage(said))] : []),
    sse("[DONE]")
  ]
}

export const openaiError = (message: string, type = "invalid_request_error", code: string | null = null) => ({
  error: { message, type, param: null, code }
})

/** The vector of the n-th text: numbers that 32 bits hold exactly, so that both formats say the same. */
export const vector = (index: number): ReadonlyArray<number> => [0.5, -0.25, index, 0.10000000149011612]

export const base64 = (numbers: ReadonlyArray<number>): string => {
  const floats = Float32Array.from(numbers)
  return Buffer.from(floats.buffer).toString("base64")
}

/** `format`: of a provider that has one only, whatever it is asked. */
export const openaiEmbeddings = (
  request: { readonly model?: string; readonly input?: unknown; readonly encoding_format?: string },
  format = request.encoding_format ?? "float"
) => {
  const { input, model } = request
  const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1
  return {
    object: "list",
    model: model ?? "upstream-model",
    data: Array.from({ length: count }, (_, index) => ({
      object: "embedding",
      index,
      embedding: format === "base64" ? base64(vector(index)) : vector(index)
    })),
    usage: { prompt_tokens: 4 * count, total_tokens: 4 * count }
  }
}

// ------------------------------------------------------------------------------------------- Anthropic

export const anthropicMessage = (said: Said = {}) => {
  const { model, text, tools, input, output, cached, reasoning, signature, thought } = filled(said)
  return {
    id: "msg_upstream",
    type: "message",
    role: "assistant",
    model,
    content: [
      ...(reasoning.length === 0 ? [] : [{ type: "thinking", thinking: reasoning.join(""), signature }]),
      ...(text.length === 0 ? [] : [{ type: "text", text: text.join("") }]),
      ...tools.map(({ id, name, args }) => ({ type: "tool_use", id, name, input: JSON.parse(args.join("") || "{}") }))
    ],
    stop_reason: said.finish ?? (said.refusal !== undefined ? "refusal" : tools.length > 0 ? "tool_use" : "end_turn"),
    stop_sequence: null,
    ...(said.refusal !== undefined && { stop_details: { type: "refusal", explanation: said.refusal } }),
    usage: {
      input_tokens: input - cached,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: cached,
      output_tokens: output,
      ...(thought > 0 && { output_tokens_details: { thinking_tokens: thought } }),
      service_tier: "standard"
    }
  }
}

export const anthropicStream = (said: Said = {}): ReadonlyArray<string> => {
  const { text, tools, reasoning, signature } = filled(said)
  const whole = anthropicMessage(said)
  const event = (type: string, rest: object) => sse({ type, ...rest }, type)
  const block = (index: number, start: object, deltas: ReadonlyArray<object>) => [
    event("content_block_start", { index, content_block: start }),
    ...deltas.map((delta) => event("content_block_delta", { index, delta })),
    event("content_block_stop", { index })
  ]
  const textAt = reasoning.length === 0 ? 0 : 1
  const first = textAt + (text.length === 0 ? 0 : 1)
  return [
    event("message_start", {
      message: { ...whole, content: [], stop_reason: null, usage: { ...whole.usage, output_tokens: 1 } }
    }),
    event("ping", {}),
    ...(reasoning.length === 0
      ? []
      : block(0, { type: "thinking", thinking: "", signature: "" }, [
          ...reasoning.map((thinking) => ({ type: "thinking_delta", thinking })),
          { type: "signature_delta", signature }
        ])),
    ...(text.length === 0
      ? []
      : block(
          textAt,
          { type: "text", text: "" },
          text.map((piece) => ({ type: "text_delta", text: piece }))
        )),
    ...tools.flatMap(({ id, name, args }, index) =>
      block(
        first + index,
        { type: "tool_use", id, name, input: {} },
        args.map((piece) => ({ type: "input_json_delta", partial_json: piece }))
      )
    ),
    event("message_delta", {
      delta: {
        stop_reason: whole.stop_reason,
        stop_sequence: null,
        ...("stop_details" in whole && { stop_details: whole.stop_details })
      },
      usage: {
        output_tokens: whole.usage.output_tokens,
        ...("output_tokens_details" in whole.usage && { output_tokens_details: whole.usage.output_tokens_details })
      }
    }),
    event("message_stop", {})
  ]
}

export const anthropicError = (message: string, type = "invalid_request_error") => ({
  type: "error",
  error: { type, message },
  request_id: "req_upstream"
})

// ---------------------------------------------------------------------------------------------- Ollama

const ollamaHead = (said: Said) => ({ model: filled(said).model, created_at: "2024-01-01T00:00:00.000000Z" })

const ollamaTail = (said: Said) => {
  const { input, output } = filled(said)
  return {
    done: true,
    done_reason: said.finish ?? "stop",
    total_duration: 1_000_000,
    load_duration: 100_000,
    prompt_eval_count: input,
    prompt_eval_duration: 300_000,
    eval_count: output,
    eval_duration: 600_000
  }
}

const ollamaTools = (said: Said) =>
  filled(said).tools.map(({ name, args }) => ({ function: { name, arguments: JSON.parse(args.join("") || "{}") } }))

export const ollamaChat = (said: Said = {}) => {
  const calls = ollamaTools(said)
  return {
    ...ollamaHead(said),
    message: {
      role: "assistant",
      content: filled(said).text.join(""),
      ...(filled(said).reasoning.length > 0 && { thinking: filled(said).reasoning.join("") }),
      ...(calls.length > 0 && { tool_calls: calls })
    },
    ...ollamaTail(said)
  }
}

export const ollamaStream = (said: Said = {}): ReadonlyArray<string> => {
  const calls = ollamaTools(said)
  const line = (message: object, rest: object) =>
    ndjson({ ...ollamaHead(said), message: { role: "assistant", ...message }, ...rest })
  return [
    ...filled(said).reasoning.map((thinking) => line({ content: "", thinking }, { done: false })),
    ...filled(said).text.map((content) => line({ content }, { done: false })),
    ...(calls.length > 0 ? [line({ content: "", tool_calls: calls }, { done: false })] : []),
    line({ content: "" }, ollamaTail(said))
  ]
}

export const ollamaEmbed = ({ input, model }: { readonly model?: string; readonly input?: unknown }) => ({
  model: model ?? "upstream-model",
  embeddings: (Array.isArray(input) ? input : [input]).map((_, index) => vector(index)),
  total_duration: 1_000_000,
  load_duration: 100_000,
  prompt_eval_count: 4 * (Array.isArray(input) ? input.length : 1)
})

export const ollamaTags = (names: ReadonlyArray<string>) => ({
  models: names.map((name) => ({
    name,
    model: name,
    modified_at: "2024-01-01T00:00:00.000000Z",
    size: 1_000_000_000,
    digest: "0".repeat(64),
    details: { format: "gguf", family: "llama", families: ["llama"], parameter_size: "8B", quantization_level: "Q4_0" }
  }))
})

export const modelList = (names: ReadonlyArray<string>) => ({
  object: "list",
  data: names.map((id) => ({ id, object: "model", created: 1_700_000_000, owned_by: "upstream" }))
})
