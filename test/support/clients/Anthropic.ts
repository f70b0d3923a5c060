/** `@anthropic-ai/sdk`, Anthropic's own client. */
import Anthropic, { APIError, RateLimitError } from "@anthropic-ai/sdk"
import * as Client from "./Client.ts"
import { picture, place, prompts, weather, weatherFor } from "./Client.ts"

const clientOf = ({ url }: Client.Ask) => new Anthropic({ baseURL: url, apiKey: "unused", maxRetries: 0 })

const max_tokens = 64
const user = (content: string) => ({ role: "user" as const, content })

const tools: Array<Anthropic.Tool> = [
  { name: weather.name, description: weather.description, input_schema: { ...weather.parameters, required: ["city"] } }
]

const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === "text" ? block.text : "")).join("")

const answered = ({ content }: Anthropic.Message): Array<Anthropic.MessageParam> => [
  user(prompts.tools),
  { role: "assistant", content },
  {
    role: "user",
    content: content.flatMap((block) =>
      block.type === "tool_use"
        ? [{ type: "tool_result" as const, tool_use_id: block.id, content: weatherFor(block.input) }]
        : []
    )
  }
]

const delta = (event: Anthropic.RawMessageStreamEvent): string =>
  event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : ""

export const messages: Client.Client = {
  name: "@anthropic-ai/sdk",
  package: "@anthropic-ai/sdk",
  path: "/v1/messages",
  text: async (ask) => {
    const message = await clientOf(ask).messages.create({
      model: ask.model,
      max_tokens,
      messages: [user(prompts.text)]
    })
    return { text: textOf(message), input: message.usage.input_tokens, output: message.usage.output_tokens }
  },
  stream: async (ask) =>
    Client.gathered(
      await clientOf(ask).messages.create({
        model: ask.model,
        max_tokens,
        messages: [user(prompts.stream)],
        stream: true
      }),
      delta
    ),
  tools: async (ask) => {
    const create = (said: Array<Anthropic.MessageParam>) =>
      clientOf(ask).messages.create({ model: ask.model, max_tokens, tools, messages: said })
    return textOf(await create(answered(await create([user(prompts.tools)]))))
  },
  toolsStreamed: async (ask) => {
    const create = (said: Array<Anthropic.MessageParam>) =>
      clientOf(ask).messages.stream({ model: ask.model, max_tokens, tools, messages: said }).finalMessage()
    return textOf(await create(answered(await create([user(prompts.tools)]))))
  },
  object: async (ask) =>
    JSON.parse(
      textOf(
        await clientOf(ask).messages.create({
          model: ask.model,
          max_tokens,
          messages: [user(prompts.object)],
          output_config: { format: { type: "json_schema", schema: place } }
        })
      )
    ),
  image: async (ask) =>
    textOf(
      await clientOf(ask).messages.create({
        model: ask.model,
        max_tokens,
        messages: [
          {
            role: "user",
            content: [
              { type: "image", source: { type: "base64", media_type: "image/png", data: picture } },
              { type: "text", text: prompts.image }
            ]
          }
        ]
      })
    ),
  failure: async (ask) => {
    const error = await Client.thrown(
      clientOf(ask).messages.create({ model: ask.model, max_tokens, messages: [user(prompts.failure)] })
    )
    return {
      status: error instanceof APIError ? error.status : undefined,
      typed: error instanceof RateLimitError,
      message: String(error)
    }
  },
  broken: async (ask) => {
    const error = await Client.thrown(
      clientOf(ask)
        .messages.stream({ model: ask.model, max_tokens, messages: [user(prompts.broken)] })
        .finalMessage()
    )
    return { status: undefined, typed: error instanceof APIError, message: String(error) }
  },
  leave: async (ask) => {
    const controller = new AbortController()
    const stream = await clientOf(ask).messages.create(
      { model: ask.model, max_tokens, messages: [user(prompts.leave)], stream: true },
      { signal: controller.signal }
    )
    await Client.leaving(Client.mapped(stream, delta), controller)
  }
}
