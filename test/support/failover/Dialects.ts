/** What callers speak: how each asks, and what it makes of an answer. A new dialect is one more entry in the list. */
import * as Raw from "../Raw.ts"

/** What a caller has got, whatever it speaks. */
export interface Heard {
  readonly status: number
  readonly headers: Raw.Answer["headers"]
  readonly text: string
  /** Why the answer ended, in the caller's words; null when it did not say. */
  readonly finish: string | null
  /** The failure, from an error body or from within the stream. */
  readonly error: { readonly code: string; readonly message: string; readonly upstream?: unknown } | null
  /** A stream's end mark is there, or a whole answer is complete. */
  readonly ended: boolean
  readonly body: string
}

export interface Ask {
  readonly url: string
  readonly model: string
  readonly stream: boolean
  readonly signal?: AbortSignal
}

export interface Dialect {
  readonly name: string
  /** What the caller hears for the code that an OpenAI client gets. */
  readonly says: (code: string) => string
  readonly ask: (ask: Ask) => Promise<Heard>
}

const chunksOf = (body: string): ReadonlyArray<Raw.Loose> => Raw.chunksOf(body)

const heardStream = (answer: Raw.Answer): Heard => {
  const chunks = chunksOf(answer.body)
  const choices = chunks.flatMap((chunk) => chunk.choices ?? [])
  return {
    status: answer.status,
    headers: answer.headers,
    text: choices.map((choice) => choice.delta?.content ?? "").join(""),
    finish: choices.map((choice) => choice.finish_reason).find((reason) => typeof reason === "string") ?? null,
    error: chunks.find((chunk) => chunk.error !== undefined)?.error ?? null,
    ended: Raw.dataOf(answer.body).at(-1) === "[DONE]",
    body: answer.body
  }
}

const heardWhole = ({ body, complete, headers, json, status }: Raw.Answer): Heard => ({
  status,
  headers,
  text: json?.choices?.[0]?.message?.content ?? "",
  finish: json?.choices?.[0]?.finish_reason ?? null,
  error: json?.error ?? null,
  ended: complete,
  body
})

const chatCompletions: Dialect = {
  name: "chat completions",
  says: (code) => code,
  ask: async ({ model, signal, stream, url }) => {
    const answer = await Raw.send(`${url}/v1/chat/completions`, {
      body: { model, max_tokens: 64, messages: [{ role: "user", content: "hello" }], ...(stream && { stream }) },
      ...(signal === undefined ? {} : { signal })
    })
    const isStream = String(answer.headers["content-type"]).startsWith("text/event-stream")
    return isStream ? heardStream(answer) : heardWhole(answer)
  }
}

/** One dialect's words for what every caller asks and hears. */
interface Words {
  readonly path: string
  readonly says: Dialect["says"]
  readonly error: (json: Raw.Loose) => Heard["error"]
  readonly request: object
  readonly text: (chunk: Raw.Loose) => string
  readonly finish: (chunk: Raw.Loose) => string | null | undefined
  readonly ends: (chunk: Raw.Loose) => boolean
  readonly wholeText: (json: Raw.Loose) => string
  readonly wholeFinish: (json: Raw.Loose) => string | null | undefined
}

const eventDialect = (name: string, words: Words): Dialect => ({
  name,
  says: words.says,
  ask: async ({ model, signal, stream, url }) => {
    const answer = await Raw.send(url + words.path, {
      body: { model, ...words.request, ...(stream && { stream }) },
      ...(signal === undefined ? {} : { signal })
    })
    const { body, complete, headers, json, status } = answer
    if (!String(headers["content-type"]).startsWith("text/event-stream")) {
      return {
        status,
        headers,
        text: words.wholeText(json),
        finish: words.wholeFinish(json) ?? null,
        error: words.error(json),
        ended: complete,
        body
      }
    }
    const chunks = chunksOf(body)
    return {
      status,
      headers,
      text: chunks.map(words.text).join(""),
      finish: chunks.map(words.finish).find((reason) => typeof reason === "string") ?? null,
      error: chunks.map(words.error).find((each) => each !== null) ?? null,
      ended: chunks.some(words.ends),
      body
    }
  }
})

/** Anthropic has types and no codes. Those that differ from `api_error`: */
const anthropicTypes: { readonly [code: string]: string } = {
  rate_limit_exceeded: "rate_limit_error",
  timeout: "timeout_error",
  context_length_exceeded: "invalid_request_error",
  content_filter: "invalid_request_error",
  invalid_request: "invalid_request_error"
}

/** Why an answer ended, in the words of chat completions. */
const stopOf: { readonly [reason: string]: string } = { end_turn: "stop", max_tokens: "length", tool_use: "tool_calls" }

const anthropicMessages = eventDialect("messages", {
  path: "/v1/messages",
  request: { max_tokens: 64, messages: [{ role: "user", content: "hello" }] },
  text: (event) => event.delta?.text ?? "",
  finish: (event) => stopOf[event.delta?.stop_reason],
  ends: (event) => event.type === "message_stop",
  wholeText: (json) => json?.content?.find((block: Raw.Loose) => block.type === "text")?.text ?? "",
  wholeFinish: (json) => stopOf[json?.stop_reason],
  says: (code) => anthropicTypes[code] ?? "api_error",
  error: (json) => (json?.type === "error" ? { ...json.error, code: json.error.type } : null)
})

const outputText = (json: Raw.Loose): string =>
  (json?.output ?? [])
    .flatMap((item: Raw.Loose) => (item.content ?? []).map((part: Raw.Loose) => part.text ?? ""))
    .join("")

const statusOf = (response: Raw.Loose): string | null => (response?.status === "completed" ? "stop" : null)

const responses = eventDialect("responses", {
  path: "/v1/responses",
  request: { max_output_tokens: 64, input: "hello" },
  text: (event) => (event.type === "response.output_text.delta" ? event.delta : ""),
  finish: (event) => statusOf(event.response),
  ends: (event) => event.type === "response.completed",
  wholeText: outputText,
  wholeFinish: statusOf,
  says: (code) => code,
  error: (json) => (json?.error && (json.type === "error" || json.object === undefined) ? json.error : null)
})

export const dialects: ReadonlyArray<Dialect> = [chatCompletions, anthropicMessages, responses]
