/** `openai`, OpenAI's own client, with both of its APIs. */
import OpenAI, { APIError, RateLimitError } from "openai"
import * as Client from "./Client.ts"
import { picture, place, prompts, weather, weatherFor } from "./Client.ts"

const clientOf = ({ url }: Client.Ask) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "unused", maxRetries: 0 })

const failureOf = (error: unknown): Client.Failure => ({
  status: error instanceof APIError ? error.status : undefined,
  typed: error instanceof RateLimitError,
  message: String(error)
})

const brokenBy = (error: unknown): Client.Failure => ({
  status: undefined,
  typed: error instanceof APIError,
  message: String(error)
})

const user = (content: string) => ({ role: "user" as const, content })
const dataUrl = `data:image/png;base64,${picture}`

const chatTool: OpenAI.ChatCompletionFunctionTool = { type: "function", function: { ...weather, strict: true } }

const withResults = (message: OpenAI.ChatCompletionMessage): Array<OpenAI.ChatCompletionMessageParam> => [
  user(prompts.tools),
  message,
  ...(message.tool_calls ?? []).map((call) => ({
    role: "tool" as const,
    tool_call_id: call.id,
    content: weatherFor(JSON.parse(call.type === "function" ? call.function.arguments : "{}"))
  }))
]

export const chat: Client.Client = {
  name: "openai · chat",
  package: "openai",
  path: "/v1/chat/completions",
  text: async (ask) => {
    const { choices, usage } = await clientOf(ask).chat.completions.create({
      model: ask.model,
      messages: [user(prompts.text)]
    })
    return { text: choices[0]?.message.content ?? "", input: usage?.prompt_tokens, output: usage?.completion_tokens }
  },
  stream: async (ask) =>
    Client.gathered(
      await clientOf(ask).chat.completions.create({ model: ask.model, messages: [user(prompts.stream)], stream: true }),
      ({ choices }) => choices[0]?.delta.content ?? ""
    ),
  tools: async (ask) => {
    const asked = { model: ask.model, tools: [chatTool] }
    const create = async (messages: Array<OpenAI.ChatCompletionMessageParam>) =>
      (await clientOf(ask).chat.completions.create({ ...asked, messages })).choices[0]!.message
    const first = await create([user(prompts.tools)])
    return (await create(withResults(first))).content ?? ""
  },
  toolsStreamed: async (ask) => {
    const asked = { model: ask.model, tools: [chatTool] }
    const create = (messages: Array<OpenAI.ChatCompletionMessageParam>) =>
      clientOf(ask)
        .chat.completions.stream({ ...asked, messages })
        .finalMessage()
    const { content, role, refusal, tool_calls } = await create([user(prompts.tools)])
    return (await create(withResults({ role, content, refusal, tool_calls: tool_calls ?? [] }))).content ?? ""
  },
  object: async (ask) => {
    const { choices } = await clientOf(ask).chat.completions.parse({
      model: ask.model,
      messages: [user(prompts.object)],
      response_format: { type: "json_schema", json_schema: { name: "place", schema: place, strict: true } }
    })
    return JSON.parse(choices[0]?.message.content ?? "")
  },
  image: async (ask) => {
    const { choices } = await clientOf(ask).chat.completions.create({
      model: ask.model,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: prompts.image },
            { type: "image_url", image_url: { url: dataUrl } }
          ]
        }
      ]
    })
    return choices[0]?.message.content ?? ""
  },
  failure: async (ask) =>
    failureOf(
      await Client.thrown(
        clientOf(ask).chat.completions.create({ model: ask.model, messages: [user(prompts.failure)] })
      )
    ),
  broken: async (ask) =>
    brokenBy(
      await Client.thrown(
        clientOf(ask)
          .chat.completions.stream({ model: ask.model, messages: [user(prompts.broken)] })
          .finalMessage()
      )
    ),
  leave: async (ask) => {
    const controller = new AbortController()
    const stream = await clientOf(ask).chat.completions.create(
      { model: ask.model, messages: [user(prompts.leave)], stream: true },
      { signal: controller.signal }
    )
    await Client.leaving(
      Client.mapped(stream, ({ choices }) => choices[0]?.delta.content ?? ""),
      controller
    )
  }
}

const tool: OpenAI.Responses.FunctionTool = { type: "function", ...weather, strict: true }

/** The client has `output_text` for answers that came whole. */
const textOf = ({ output }: Pick<OpenAI.Responses.Response, "output">): string =>
  output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("")

/** The output goes back as it came, with the results behind it. */
const answered = ({ output }: OpenAI.Responses.Response): OpenAI.Responses.ResponseInput => [
  user(prompts.tools),
  ...output.filter((item) => item.type === "function_call" || item.type === "message" || item.type === "reasoning"),
  ...output.flatMap((item) =>
    item.type === "function_call"
      ? [
          {
            type: "function_call_output" as const,
            call_id: item.call_id,
            output: weatherFor(JSON.parse(item.arguments))
          }
        ]
      : []
  )
]

const delta = (event: OpenAI.Responses.ResponseStreamEvent): string =>
  event.type === "response.output_text.delta" ? event.delta : ""

export const responses: Client.Client = {
  name: "openai · responses",
  package: "openai",
  path: "/v1/responses",
  text: async (ask) => {
    const { output_text, usage } = await clientOf(ask).responses.create({ model: ask.model, input: prompts.text })
    return { text: output_text, input: usage?.input_tokens, output: usage?.output_tokens }
  },
  stream: async (ask) =>
    Client.gathered(
      await clientOf(ask).responses.create({ model: ask.model, input: prompts.stream, stream: true }),
      delta
    ),
  tools: async (ask) => {
    const create = (input: OpenAI.Responses.ResponseInput) =>
      clientOf(ask).responses.create({ model: ask.model, tools: [tool], input })
    return (await create(answered(await create([user(prompts.tools)])))).output_text
  },
  toolsStreamed: async (ask) => {
    const create = (input: OpenAI.Responses.ResponseInput) =>
      clientOf(ask)
        .responses.stream({ model: ask.model, tools: [tool], input })
        .finalResponse()
    return textOf(await create(answered(await create([user(prompts.tools)]))))
  },
  object: async (ask) => {
    const { output_text } = await clientOf(ask).responses.parse({
      model: ask.model,
      input: prompts.object,
      text: { format: { type: "json_schema", name: "place", schema: place, strict: true } }
    })
    return JSON.parse(output_text)
  },
  image: async (ask) => {
    const content: OpenAI.Responses.ResponseInputMessageContentList = [
      { type: "input_text", text: prompts.image },
      { type: "input_image", image_url: dataUrl, detail: "auto" }
    ]
    return (await clientOf(ask).responses.create({ model: ask.model, input: [{ role: "user", content }] })).output_text
  },
  failure: async (ask) =>
    failureOf(await Client.thrown(clientOf(ask).responses.create({ model: ask.model, input: prompts.failure }))),
  broken: async (ask) =>
    brokenBy(
      await Client.thrown(clientOf(ask).responses.stream({ model: ask.model, input: prompts.broken }).finalResponse())
    ),
  leave: async (ask) => {
    const controller = new AbortController()
    const stream = await clientOf(ask).responses.create(
      { model: ask.model, input: prompts.leave, stream: true },
      { signal: controller.signal }
    )
    await Client.leaving(Client.mapped(stream, delta), controller)
  }
}
