/** One question to a model, streamed as any OpenAI client would have it. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { OpenAiError } from "@penstock/schema/api/ApiError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Client } from "../api/Client.ts"
import * as Events from "../api/Events.ts"
import { Problem } from "../api/Problem.ts"

export interface Question {
  readonly model: string
  readonly system: string
  readonly prompt: string
  readonly maxTokens: number | null
}

/** What this page reads of a chunk: providers add to it as they like. */
const Chunk = Schema.parseJson(
  Schema.Union(
    OpenAiError,
    Schema.Struct({
      choices: Schema.Array(
        Schema.Struct({
          delta: Schema.optional(
            Schema.NullOr(Schema.Struct({ content: Schema.optional(Schema.NullOr(Schema.String)) }))
          )
        })
      )
    })
  )
)
const decode = Schema.decodeUnknown(Chunk)

const textOf = (data: string): Effect.Effect<string, unknown> =>
  data === "[DONE]"
    ? Effect.succeed("")
    : Effect.flatMap(decode(data), (chunk) =>
        "error" in chunk
          ? Effect.fail(new Problem({ kind: "refused", message: chunk.error.message }))
          : Effect.succeed(chunk.choices[0]?.delta?.content ?? "")
      )

const bodyOf = ({ maxTokens, model, prompt, system }: Question) => ({
  model,
  stream: true,
  messages: [...(system.trim() === "" ? [] : [{ role: "system", content: system }]), { role: "user", content: prompt }],
  ...(maxTokens === null ? {} : { max_tokens: maxTokens })
})

/** Completes with the request's id when the answer is whole. */
export const ask = (
  { http }: Client,
  question: Question,
  told: (text: string) => void
): Effect.Effect<string | null, unknown> =>
  Effect.gen(function* () {
    const request = HttpClientRequest.post("/v1/chat/completions").pipe(
      HttpClientRequest.bodyUnsafeJson(bodyOf(question))
    )
    const { events, headers } = yield* Events.open(http, request)
    yield* events.pipe(
      Stream.mapEffect(({ data }) => textOf(data)),
      Stream.runForEach((text) => Effect.sync(() => told(text)))
    )
    return headers["x-request-id"] ?? null
  })
