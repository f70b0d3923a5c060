/** Vercel's AI SDK with each of its providers that can be pointed at a gateway. */
import { createAnthropic } from "@ai-sdk/anthropic"
import { createOpenAI } from "@ai-sdk/openai"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { APICallError, generateText, jsonSchema, type LanguageModel, Output, stepCountIs, streamText, tool } from "ai"
import * as Client from "./Client.ts"
import { picture, place, prompts, weather, weatherIn } from "./Client.ts"

const maxRetries = 0

const tools = {
  weather: tool({
    description: weather.description,
    inputSchema: jsonSchema<{ readonly city: string }>(weather.parameters),
    execute: ({ city }) => weatherIn(city)
  })
}

/** Two turns: the calls, and what is made of their results. */
const stopWhen = stepCountIs(2)

interface Streamed extends Pick<Parameters<typeof streamText>[0], "model" | "tools" | "stopWhen" | "abortSignal"> {
  readonly prompt: string
}

/** The client reports what went wrong in a stream aside, and logs it unless it is told otherwise. */
const streamed = (options: Streamed) => {
  let failure: unknown = null
  const result = streamText({ ...options, maxRetries, onError: ({ error }) => void (failure = error) })
  return { result, failure: () => failure }
}

const client = (
  name: string,
  pkg: string,
  path: Client.Client["path"],
  modelOf: (ask: Client.Ask) => LanguageModel,
  providerOptions: NonNullable<Parameters<typeof generateText>[0]["providerOptions"]> = {}
): Client.Client => ({
  name,
  package: pkg,
  path,
  text: async (ask) => {
    const { text, usage } = await generateText({ model: modelOf(ask), prompt: prompts.text, maxRetries })
    return { text, input: usage.inputTokens, output: usage.outputTokens }
  },
  stream: async (ask) => {
    const { result } = streamed({ model: modelOf(ask), prompt: prompts.stream })
    return Client.gathered(result.textStream, (piece) => piece)
  },
  tools: async (ask) =>
    (await generateText({ model: modelOf(ask), prompt: prompts.tools, tools, stopWhen, maxRetries })).text,
  toolsStreamed: async (ask) => streamed({ model: modelOf(ask), prompt: prompts.tools, tools, stopWhen }).result.text,
  object: async (ask) => {
    const output = Output.object({ schema: jsonSchema(place), name: "place" })
    return (await generateText({ model: modelOf(ask), prompt: prompts.object, output, providerOptions, maxRetries }))
      .output
  },
  image: async (ask) => {
    const { text } = await generateText({
      model: modelOf(ask),
      maxRetries,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: prompts.image },
            { type: "image", image: Buffer.from(picture, "base64") }
          ]
        }
      ]
    })
    return text
  },
  failure: async (ask) => {
    const error = await Client.thrown(generateText({ model: modelOf(ask), prompt: prompts.failure, maxRetries }))
    const known = APICallError.isInstance(error) ? error : null
    return { status: known?.statusCode, typed: known?.isRetryable === true, message: String(error) }
  },
  broken: async (ask) => {
    const { failure, result } = streamed({ model: modelOf(ask), prompt: prompts.broken })
    await result.consumeStream({ onError: () => {} })
    const error = failure()
    return { status: undefined, typed: error !== null, message: JSON.stringify(error) + String(error) }
  },
  leave: async (ask) => {
    const controller = new AbortController()
    const { result } = streamed({ model: modelOf(ask), prompt: prompts.leave, abortSignal: controller.signal })
    await Client.leaving(result.textStream, controller)
  }
})

const at = ({ url }: Client.Ask) => ({ baseURL: `${url}/v1`, apiKey: "unused" })

export const chat = client("ai · @ai-sdk/openai, chat", "@ai-sdk/openai", "/v1/chat/completions", (ask) =>
  createOpenAI(at(ask)).chat(ask.model)
)

export const responses = client("ai · @ai-sdk/openai", "@ai-sdk/openai", "/v1/responses", (ask) =>
  createOpenAI(at(ask))(ask.model)
)

export const anthropic = client(
  "ai · @ai-sdk/anthropic",
  "@ai-sdk/anthropic",
  "/v1/messages",
  (ask) => createAnthropic(at(ask))(ask.model),
  // Of a model whose name it does not know it would ask the same by way of a tool.
  { anthropic: { structuredOutputMode: "outputFormat" } }
)

export const compatible = client(
  "ai · @ai-sdk/openai-compatible",
  "@ai-sdk/openai-compatible",
  "/v1/chat/completions",
  (ask) =>
    createOpenAICompatible({ ...at(ask), name: "penstock", includeUsage: true, supportsStructuredOutputs: true })(
      ask.model
    )
)
