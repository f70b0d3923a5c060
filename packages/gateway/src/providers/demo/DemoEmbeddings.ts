/** The demo's embeddings on OpenAI's wire: reads the request, strictly, and answers it. */
import * as Either from "effect/Either"
import * as Input from "../../operations/embeddings/Input.ts"
import * as Vector from "../../operations/embeddings/Vector.ts"
import type { JsonObject } from "../../wire/Json.ts"
import * as DemoEmbedding from "./DemoEmbedding.ts"
import type { Refused } from "./DemoRequest.ts"
import { fingerprint } from "./DemoWire.ts"
import * as Tokens from "./Tokens.ts"

export const model = "embed"

const refuse = (param: string, message: string) => Either.left({ message: `${param}: ${message}`, param })

const dimensionsOf = (value: unknown): number | null => {
  const { least, most } = DemoEmbedding.dimensionBounds
  if (value === undefined || value === null) return DemoEmbedding.defaultDimensions
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most ? value : null
}

const countOf = (item: Input.Item): number => (typeof item === "string" ? Tokens.count(item) : item.length)

export const answer = (request: JsonObject): Either.Either<object, Refused> => {
  const input = Input.read(request["input"])
  if (input === null) return refuse("input", "expected a text, an array of texts, or tokens")
  const dimensions = dimensionsOf(request["dimensions"])
  const { least, most } = DemoEmbedding.dimensionBounds
  if (dimensions === null) return refuse("dimensions", `demo/embed has from ${least} to ${most}`)
  const format: Vector.Format = request["encoding_format"] === "base64" ? "base64" : "float"
  const tokens = input.items.reduce((sum, item) => sum + countOf(item), 0)
  return Either.right({
    object: "list",
    model: `demo/${model}`,
    data: input.items.map((item, index) => ({
      object: "embedding",
      index,
      embedding: Vector.written(DemoEmbedding.embed(item, dimensions), format)
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    system_fingerprint: fingerprint
  })
}
