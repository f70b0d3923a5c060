/** `@openai/agents`, with both of OpenAI's APIs: agents that call their tools themselves. */
import { Agent, OpenAIProvider, Runner, tool } from "@openai/agents"
import { APIError, RateLimitError } from "openai"
import OpenAI from "openai"
import { z } from "zod"
import * as Client from "./Client.ts"
import { picture, prompts, weather, weatherIn } from "./Client.ts"

const weatherTool = tool({
  name: weather.name,
  description: weather.description,
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => weatherIn(city)
})

const client = (name: string, path: Client.Client["path"], useResponses: boolean): Client.Client => {
  const runner = ({ url }: Client.Ask) =>
    new Runner({
      modelProvider: new OpenAIProvider({
        openAIClient: new OpenAI({ baseURL: `${url}/v1`, apiKey: "unused", maxRetries: 0 }),
        useResponses
      }),
      tracingDisabled: true
    })
  const agent = ({ model }: Client.Ask) => new Agent({ name: "Weather", model })
  const withTools = ({ model }: Client.Ask) => new Agent({ name: "Weather", model, tools: [weatherTool] })

  return {
    name,
    package: "@openai/agents",
    path,
    text: async (ask) => {
      const { finalOutput, rawResponses } = await runner(ask).run(agent(ask), prompts.text)
      const usage = rawResponses[0]?.usage
      return { text: finalOutput ?? "", input: usage?.inputTokens, output: usage?.outputTokens }
    },
    stream: async (ask) => {
      const result = await runner(ask).run(agent(ask), prompts.stream, { stream: true })
      return Client.gathered(result.toTextStream(), (piece) => piece)
    },
    tools: async (ask) => (await runner(ask).run(withTools(ask), prompts.tools)).finalOutput ?? "",
    toolsStreamed: async (ask) => {
      const result = await runner(ask).run(withTools(ask), prompts.tools, { stream: true })
      await result.completed
      return result.finalOutput ?? ""
    },
    object: async (ask) => {
      const outputType = z.object({ city: z.string(), degrees: z.number() })
      const place = new Agent({ name: "Place", model: ask.model, outputType })
      return (await runner(ask).run(place, prompts.object)).finalOutput
    },
    image: async (ask) => {
      const { finalOutput } = await runner(ask).run(agent(ask), [
        {
          role: "user",
          content: [
            { type: "input_text", text: prompts.image },
            { type: "input_image", image: `data:image/png;base64,${picture}` }
          ]
        }
      ])
      return finalOutput ?? ""
    },
    failure: async (ask) => {
      const error = await Client.thrown(runner(ask).run(agent(ask), prompts.failure))
      return {
        status: error instanceof APIError ? error.status : undefined,
        typed: error instanceof RateLimitError,
        message: String(error)
      }
    },
    broken: async (ask) => {
      const read = async () => {
        const result = await runner(ask).run(agent(ask), prompts.broken, { stream: true })
        await result.completed
      }
      const error = await Client.thrown(read())
      return { status: undefined, typed: error instanceof Error, message: String(error) }
    },
    leave: async (ask) => {
      const controller = new AbortController()
      const result = await runner(ask).run(agent(ask), prompts.leave, { stream: true, signal: controller.signal })
      await Client.leaving(result.toTextStream(), controller)
    }
  }
}

export const chat = client("@openai/agents · chat", "/v1/chat/completions", false)
export const responses = client("@openai/agents · responses", "/v1/responses", true)
