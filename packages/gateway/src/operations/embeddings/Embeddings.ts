/**
 * `/embeddings`: texts to vectors. Sent on as they came where the provider speaks OpenAI's wire, in Ollama's own words
 * where it does not; in several requests where there are more texts than it takes in one; given as numbers or in base64,
 * as the caller asked, whichever the provider has.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Lane, Whole } from "../../exchange/Call.ts"
import type { Provider } from "../../providers/Provider.ts"
import { isObject, parse, type JsonObject } from "../../wire/Json.ts"
import * as Envelopes from "../Envelopes.ts"
import type { Asked, Operation } from "../Operation.ts"
import * as Relays from "../Relays.ts"
import * as Tokens from "../Tokens.ts"
import * as Answer from "./Answer.ts"
import * as Batches from "./Batches.ts"
import * as Input from "./Input.ts"
import * as OllamaEmbed from "./OllamaEmbed.ts"
import * as OpenAiEmbeddings from "./OpenAiEmbeddings.ts"
import * as Vector from "./Vector.ts"
import { invalid, type Lowered, type Wire } from "./Wire.ts"

const fields = Schema.Struct({
  model: Envelopes.model,
  input: Schema.Unknown.pipe(
    Schema.filter((input) => Input.read(input) !== null, {
      description: "a text that is not empty, an array of such texts, an array of tokens, or an array of these"
    })
  ),
  encoding_format: Envelopes.optional(
    Schema.Literal(...Vector.formats).annotations({ description: '"float" or "base64"' })
  ),
  dimensions: Envelopes.optional(Schema.Int.pipe(Schema.positive({ description: "a number of dimensions above 0" })))
})

const formatOf = (json: JsonObject): Vector.Format => (json["encoding_format"] === "base64" ? "base64" : "float")

const wireOf = ({ protocol }: Provider): Wire =>
  protocol.id === "ollama-chat" ? OllamaEmbed.wire : OpenAiEmbeddings.wire

const reading =
  (wire: Wire, count: number) =>
  (body: Buffer): Either.Either<Answer.Answer, GatewayError.GatewayError> => {
    const json = parse(body.toString("utf8"))
    if (!isObject(json)) return invalid("it is not a JSON object")
    return Either.filterOrLeft(
      wire.read(json),
      ({ vectors }) => vectors.length === count,
      ({ vectors }) =>
        GatewayError.make("invalid_response", `The provider gave ${vectors.length} embeddings for ${count} texts.`)
    )
  }

/** What there is to say of any way to a provider. */
interface Way {
  readonly wire: Wire
  readonly format: Vector.Format
  readonly provider: Provider
}

const common = ({ provider, wire }: Way) => ({
  protocol: provider.protocol,
  path: wire.path,
  headers: null,
  // Nobody streams embeddings.
  relay: () => Relays.make({}, null, Tokens.read())
})

const inOne = (way: Way, sent: Pick<Lane<Uint8Array>, "body" | "dropped">, count: number): Lane<Uint8Array> => {
  const { format, wire } = way
  const read = reading(wire, count)
  const isAsWanted = ({ vectors }: Answer.Answer): boolean =>
    wire === OpenAiEmbeddings.wire && vectors.every((vector) => Vector.isIn(vector, format))
  return {
    ...common(way),
    ...sent,
    whole: (body) =>
      Either.map(read(body), (answer): Whole<Uint8Array> => ({
        out: isAsWanted(answer) ? body : Answer.write(answer, format),
        usage: answer.usage
      }))
  }
}

const inSeveral = (
  way: Way,
  { body, dropped }: Lowered,
  batches: ReadonlyArray<ReadonlyArray<Input.Item>>
): Lane<Uint8Array> => {
  const { counted, through } = Batches.make({
    count: batches.length,
    body: (batch) => body(batches[batch] ?? []),
    read: (answer, batch) => reading(way.wire, batches[batch]?.length ?? 0)(answer),
    format: way.format
  })
  return {
    ...common(way),
    // Each batch has its own.
    body: "",
    dropped,
    through,
    counted,
    whole: (body) => Either.right({ out: body, usage: counted() })
  }
}

const lane = (asked: Asked, provider: Provider, model: string): ReturnType<Operation["lane"]> => {
  const wire = wireOf(provider)
  const input = Input.read(asked.json["input"]) ?? Input.none
  const way = { wire, format: formatOf(asked.json), provider }
  const batches = Input.batches(input, provider.embeddingBatch)
  return Either.map(wire.lower(asked.json, input, model), (lowered) => {
    if (batches.length > 1) return inSeveral(way, lowered, batches)
    const body = wire === OpenAiEmbeddings.wire ? asked.named(model) : lowered.body(input.items)
    return inOne(way, { body, dropped: lowered.dropped }, input.items.length)
  })
}

export const embeddings: Operation = {
  name: "embeddings",
  endpoint: "embeddings",
  path: "/embeddings",
  envelope: Envelopes.reader(fields, () => false),
  demand: Tokens.reading,
  isRepeatable: true,
  lane
}
