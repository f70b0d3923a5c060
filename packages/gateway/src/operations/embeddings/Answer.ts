/** Embeddings as a provider gave them, and as a caller gets them: always in OpenAI's words. */
import * as Usage from "@penstock/schema/Usage"
import type { JsonObject } from "../../wire/Json.ts"
import * as Vector from "./Vector.ts"

export interface Answer {
  readonly vectors: ReadonlyArray<Vector.Vector>
  /** Null when the provider sent no counts. */
  readonly usage: Usage.Usage | null
  /** What else is in it, the model's name above all. */
  readonly rest: JsonObject
}

/** Null once the counts of one are not known: half a sum is none. */
const sum = (one: Usage.Usage | null, other: Usage.Usage | null): Usage.Usage | null =>
  one === null || other === null ? null : Usage.sum(one, other)

export const join = (answers: ReadonlyArray<Answer>): Answer => ({
  vectors: answers.flatMap(({ vectors }) => vectors),
  usage: answers.map(({ usage }) => usage).reduce(sum, Usage.empty),
  rest: answers[0]?.rest ?? {}
})

export const write = ({ rest, usage, vectors }: Answer, format: Vector.Format): Buffer =>
  Buffer.from(
    JSON.stringify({
      object: "list",
      ...rest,
      data: vectors.map((vector, index) => ({
        object: "embedding",
        index,
        embedding: Vector.written(vector, format)
      })),
      ...(usage === null ? {} : { usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.totalTokens } })
    })
  )
