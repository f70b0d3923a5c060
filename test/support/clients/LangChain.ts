/** `@langchain/openai`, with both of OpenAI's APIs. */
import { AIMessageChunk, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages"
import { ChatOpenAI } from "@langchain/openai"
import type * as Raw from "../Raw.ts"
import * as Client from "./Client.ts"
import { picture, place, prompts, weather, weatherFor } from "./Client.ts"

const weatherTool = { type: "function" as const, function: { ...weather, strict: true } }

const client = (name: string, path: Client.Client["path"], useResponsesApi: boolean): Client.Client => {
  const model = ({ model, url }: Client.Ask) =>
    new ChatOpenAI({
      model,
      apiKey: "unused",
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
      useResponsesApi
    })

  const bound = (ask: Client.Ask) => model(ask).bindTools([weatherTool])
  type Bound = ReturnType<typeof bound>

  const whole = (to: Bound, said: Array<BaseMessage>): Promise<AIMessageChunk> => to.invoke(said)

  /** A streamed message is the sum of its chunks. */
  const summed = async (to: Bound, said: Array<BaseMessage>): Promise<AIMessageChunk> => {
    let sum = new AIMessageChunk("")
    for await (const chunk of await to.stream(said)) sum = sum.concat(chunk)
    return sum
  }

  const withTools = async (ask: Client.Ask, send: typeof whole) => {
    const question = new HumanMessage(prompts.tools)
    const calls = await send(bound(ask), [question])
    const results = (calls.tool_calls ?? []).map(
      ({ args, id }) => new ToolMessage({ tool_call_id: id ?? "", content: weatherFor(args) })
    )
    return (await send(bound(ask), [question, calls, ...results])).text
  }

  return {
    name,
    package: "@langchain/openai",
    path,
    text: async (ask) => {
      const answer = await model(ask).invoke(prompts.text)
      // The types of the package's message know no counts.
      const { usage_metadata: usage }: { readonly usage_metadata?: Raw.Loose } = answer
      return { text: answer.text, input: usage?.input_tokens, output: usage?.output_tokens }
    },
    stream: async (ask) => Client.gathered(await model(ask).stream(prompts.stream), ({ text }) => text),
    tools: (ask) => withTools(ask, whole),
    toolsStreamed: (ask) => withTools(ask, summed),
    object: (ask) =>
      model(ask).withStructuredOutput(place, { method: "jsonSchema", name: "place" }).invoke(prompts.object),
    image: async (ask) => {
      const content = [
        { type: "text", text: prompts.image },
        { type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } }
      ]
      return (await model(ask).invoke([new HumanMessage({ content })])).text
    },
    failure: async (ask) => {
      const error = await Client.thrown(model(ask).invoke(prompts.failure))
      const known = error as { readonly status?: number; readonly lc_error_code?: string }
      return { status: known.status, typed: known.lc_error_code === "MODEL_RATE_LIMIT", message: String(error) }
    },
    broken: async (ask) => {
      const read = async () => Client.gathered(await model(ask).stream(prompts.broken), ({ text }) => text)
      const error = await Client.thrown(read())
      return { status: undefined, typed: error instanceof Error, message: String(error) }
    },
    leave: async (ask) => {
      const controller = new AbortController()
      const stream = await model(ask).stream(prompts.leave, { signal: controller.signal })
      await Client.leaving(
        Client.mapped(stream, ({ text }) => text),
        controller
      )
    }
  }
}

export const chat = client("@langchain/openai · chat", "/v1/chat/completions", false)
export const responses = client("@langchain/openai · responses", "/v1/responses", true)
