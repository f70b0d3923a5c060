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
  ask: async ({ model, signal, stream, url }) => {
    const answer = await Raw.send(`${url}/v1/chat/completions`, {
      body: { model, max_tokens: 64, messages: [{ role: "user", content: "hello" }], ...(stream && { stream }) },
      ...(signal === undefined ? {} : { signal })
    })
    const isStream = String(answer.headers["content-type"]).startsWith("text/event-stream")
    return isStream ? heardStream(answer) : heardWhole(answer)
  }
}

export const dialects: ReadonlyArray<Dialect> = [chatCompletions]
