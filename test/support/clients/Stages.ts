/**
 * The providers that the matrix plays with: our own scripts, one for each protocol, and aimock, which nobody here wrote.
 * (Its Ollama is left out: it differs from Ollama in details.)
 */
import { LLMock } from "@copilotkit/aimock"
import * as Lab from "../Lab.ts"
import type * as Raw from "../Raw.ts"
import * as Upstream from "../Upstream.ts"
import type * as Wire from "../Wire.ts"
import { type Feature, prompts } from "./Client.ts"

export interface Stage {
  readonly name: string
  readonly url: string
  /** The model of this provider, as a caller names it. */
  readonly model: string
  /** Prepares the provider for one who asks for this. */
  readonly prepare: (feature: Feature) => void
  /** The body of the last request that the provider got. */
  readonly sent: () => Raw.Loose
  /** Whether that is the body as it came. Else it is what the provider made of it: messages, and no more. */
  readonly verbatim: boolean
  /** All that the provider got, where it tells. */
  readonly requests: ReadonlyArray<Upstream.Received>
  /** Resolves when the provider has seen its client leave. Null where it does not tell. */
  readonly left: (() => Promise<unknown>) | null
}

/** What every provider says, whoever asks. */
export const said = {
  text: ["Grüße, ", "世界"],
  object: { city: "Oslo", degrees: -3 },
  image: "A dot.",
  weather: "Cold in Oslo, warm in Rome.",
  failure: "slow down",
  input: 40,
  output: 7
} as const

const calls: Wire.Said["tools"] = [
  { id: "call_oslo", name: "weather", args: ['{"city"', ':"Oslo"}'] },
  { id: "call_rome", name: "weather", args: ['{"city":"Rome"}'] }
]

/** How each wire says that it has had enough. */
const refusal: { readonly [P in Provider]: object } = {
  chat: { error: { message: said.failure, type: "requests", param: null, code: "rate_limit_exceeded" } },
  openai: { error: { message: said.failure, type: "requests", param: null, code: "rate_limit_exceeded" } },
  anthropic: { type: "error", error: { type: "rate_limit_error", message: said.failure } },
  ollama: { error: said.failure }
}

/** As far as the first text, and then as told. */
const until =
  (step: Upstream.Step): Upstream.Script =>
  (request) => {
    const answer = Upstream.ordinary(request, { text: ["Beginning", " and end"] })
    const frames = Array.isArray(answer.body) ? answer.body : []
    const first = frames.findIndex((frame) => typeof frame === "string" && frame.includes("Beginning"))
    return { ...answer, body: [...frames.slice(0, first + 1), step] }
  }

const scripts = (feature: Feature, provider: Provider): ReadonlyArray<Upstream.Script> => {
  switch (feature) {
    case "text":
      return [Lab.says({ text: said.text, inputTokens: said.input, outputTokens: said.output })]
    case "stream":
      return [Lab.says({ text: said.text })]
    case "tools":
      return [Lab.says({ tools: calls }), Lab.says({ text: [said.weather] })]
    case "object":
      return [Lab.says({ text: [JSON.stringify(said.object)] })]
    case "image":
      return [Lab.says({ text: [said.image] })]
    case "failure":
      return [{ status: 429, headers: { "retry-after": "7" }, body: { ...refusal[provider] } }]
    case "broken":
      return [until(Upstream.cut)]
    case "leave":
      return [until(Upstream.hang)]
  }
}

type Provider = "chat" | "openai" | "anthropic" | "ollama"

const models: { readonly [P in Provider]: string } = {
  chat: Lab.models.mock,
  // OpenAI itself has responses beside chat completions.
  openai: "openai/gpt-4o-mini",
  anthropic: Lab.models.anthropic,
  ollama: Lab.models.ollama
}

const scripted = (name: Provider, url: string, upstream: Upstream.Upstream): Stage => ({
  name,
  url,
  model: models[name],
  // What an earlier act has left unplayed is forgotten.
  prepare: (feature) => {
    const rest = [...scripts(feature, name)]
    upstream.always((request) => {
      const next = rest.shift()
      if (next === undefined) return { status: 500, body: { error: { message: "nothing more is rehearsed" } } }
      return typeof next === "function" ? next(request) : next
    })
  },
  sent: () => upstream.requests.at(-1)?.json,
  requests: upstream.requests,
  verbatim: true,
  left: upstream.nextAbort
})

const usage = {
  prompt_tokens: said.input,
  completion_tokens: said.output,
  input_tokens: said.input,
  output_tokens: said.output
}

/** It answers by what is asked, and not in turns. */
const rehearse = (mock: LLMock): void => {
  const toolCalls = calls.map(({ args, id, name }) => ({ id, name, arguments: args.join("") }))
  mock
    .on({ userMessage: prompts.tools, hasToolResult: true }, { content: said.weather })
    .on({ userMessage: prompts.tools }, { toolCalls })
    .on({ userMessage: prompts.text }, { content: said.text.join(""), usage })
    .on({ userMessage: prompts.stream }, { content: said.text.join("") })
    .on({ userMessage: prompts.object }, { content: JSON.stringify(said.object) })
    .on({ userMessage: prompts.image }, { content: said.image })
    .on({ userMessage: prompts.failure }, { error: { message: said.failure, type: "rate_limit_error" }, status: 429 })
    .on(
      { userMessage: prompts.broken },
      { content: "Beginning, and then a long way to the end." },
      { chunkSize: 9, truncateAfterChunks: 4 }
    )
    .on({ userMessage: prompts.leave }, { content: "Talk. ".repeat(1000) }, { chunkSize: 6, latency: 20 })
}

const rehearsed = (name: string, url: string, model: string, mock: LLMock): Stage => ({
  name,
  url,
  model,
  prepare: () => {},
  sent: () => mock.getLastRequest()?.body,
  requests: [],
  verbatim: false,
  left: null
})

export interface Theatre {
  readonly stages: ReadonlyArray<Stage>
  readonly close: () => Promise<void>
}

export const stageNames = ["chat", "openai", "anthropic", "ollama", "aimock openai", "aimock anthropic"] as const

export const open = async (): Promise<Theatre> => {
  const openai = await Upstream.start()
  const lab = await Lab.start("", { OPENAI_API_KEY: "openai-secret-key", OPENAI_BASE_URL: `${openai.url}/v1` })
  const mock = new LLMock({ port: 0, logLevel: "silent" })
  rehearse(mock)
  await mock.start()
  const second = await Lab.start("", {
    OPENAI_API_KEY: "openai-secret-key",
    OPENAI_BASE_URL: `${mock.url}/v1`,
    ANTHROPIC_BASE_URL: mock.url
  })
  const { anthropic, mock: chat, ollama } = lab.upstreams
  const { url } = lab.penstock
  return {
    stages: [
      scripted("chat", url, chat),
      scripted("openai", url, openai),
      scripted("anthropic", url, anthropic),
      scripted("ollama", url, ollama),
      rehearsed("aimock openai", second.penstock.url, models.openai, mock),
      rehearsed("aimock anthropic", second.penstock.url, models.anthropic, mock)
    ],
    close: async () => {
      await Promise.all([lab.close(), second.close(), openai.close(), mock.stop()])
    }
  }
}
