/**
 * Arbitrary answers, and arbitrary streams of them, for the law that every wire format keeps: what is written and read
 * back is what was there, whole and streamed. A wire says what it can express; the rest is not drawn.
 */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion, FinishReason } from "@penstock/schema/Completion"
import { unfold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"

export type PartType = AssistantPart["type"]

/** What a wire format can express. */
export interface Wire {
  readonly parts: ReadonlyArray<PartType>
  /**
   * - `any`: parts keep their order and number (Anthropic)
   * - `grouped`: parts come in the order of `parts`, at most one text and one refusal (OpenAI, Ollama)
   */
  readonly order: "any" | "grouped"
  /** How many reasoning parts there may be; `signed` says whether and by whom they may be signed, and so withheld. */
  readonly reasoning: { readonly max: number; readonly signed: ReadonlyArray<string>; readonly unsigned: boolean }
  /** What a tool call's arguments may be: any text, or the text of a JSON object as `JSON.stringify` writes it. */
  readonly arguments: "text" | "object"
  readonly finishReasons: ReadonlyArray<FinishReason>
  readonly stopSequence: boolean
  readonly buckets: ReadonlyArray<Usage.Bucket>
  /** Whether an answer may come without counts. */
  readonly usageOptional: boolean
}

/** What two wire formats can both express: what an answer on its way from the one to the other keeps. */
export const both = (one: Wire, other: Wire): Wire => {
  const [ordered, free] = one.order === "grouped" ? [one, other] : [other, one]
  return {
    parts: ordered.parts.filter((part) => free.parts.includes(part)),
    order: ordered.order,
    reasoning: {
      max: Math.min(one.reasoning.max, other.reasoning.max),
      signed: one.reasoning.signed.filter((issuer) => other.reasoning.signed.includes(issuer)),
      unsigned: one.reasoning.unsigned && other.reasoning.unsigned
    },
    arguments: one.arguments === "object" ? "object" : other.arguments,
    finishReasons: one.finishReasons.filter((reason) => other.finishReasons.includes(reason)),
    stopSequence: one.stopSequence && other.stopSequence,
    buckets: one.buckets.filter((bucket) => other.buckets.includes(bucket)),
    usageOptional: one.usageOptional && other.usageOptional
  }
}

const words = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom("\n", "data: x\n\n", "[DONE]", '"\\', "\u2028", "é👩‍👩‍👧‍👦", " ", "```json") }
)
const text = fc.array(words, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""))
const identifier = fc.stringMatching(/^[A-Za-z0-9_-]{1,24}$/)
const base64 = fc.base64String({ minLength: 4, maxLength: 24 })
const json = fc
  .dictionary(identifier, fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null), fc.array(text)), { maxKeys: 4 })
  .map((value) => JSON.stringify(value))

/** Each part drawn from its own arbitrary; a text or a signature that is empty is drawn only where it can be told. */
const parts = (wire: Wire): { readonly [T in PartType]: fc.Arbitrary<AssistantPart> } => {
  // A wire without signatures draws none, and an empty choice cannot be built.
  const issuers = wire.reasoning.signed.length === 0 ? ["nobody"] : wire.reasoning.signed
  const signed = fc.constantFrom(...issuers).chain((issuer) =>
    // OpenAI's ciphertext is bound to an id.
    fc.record({
      signature: issuer === "openai-responses" ? fc.tuple(identifier, base64).map((both) => both.join(":")) : base64,
      issuer: fc.constant(issuer)
    })
  )
  const withText = (part: fc.Arbitrary<{ readonly text: string; readonly redacted?: true }>) =>
    fc.tuple(part, signed).map(([part, whose]) => ({ type: "reasoning" as const, ...part, ...whose }))
  const reasoning = fc.constant("reasoning" as const)
  return {
    text: fc.record({ type: fc.constant("text" as const), text }),
    refusal: fc.record({ type: fc.constant("refusal" as const), text }),
    "tool-call": fc.record({
      type: fc.constant("tool-call" as const),
      id: identifier,
      name: identifier,
      arguments: wire.arguments === "object" ? json : fc.oneof(json, text, fc.constant(""))
    }),
    reasoning: fc.oneof(
      ...(wire.reasoning.unsigned ? [fc.record({ type: reasoning, text })] : []),
      ...(wire.reasoning.signed.length === 0
        ? []
        : [
            withText(fc.record({ text: fc.oneof(text, fc.constant("")) })),
            withText(fc.constant({ text: "", redacted: true }))
          ])
    )
  }
}

const content = (wire: Wire): fc.Arbitrary<ReadonlyArray<AssistantPart>> => {
  const part = parts(wire)
  const reasonable = (all: ReadonlyArray<AssistantPart>): boolean =>
    all.filter((each) => each.type === "reasoning").length <= wire.reasoning.max &&
    new Set(all.flatMap((each) => (each.type === "tool-call" ? [each.id] : []))).size ===
      all.filter((each) => each.type === "tool-call").length
  if (wire.order === "any") {
    return fc.array(fc.oneof(...wire.parts.map((type) => part[type])), { maxLength: 5 }).filter(reasonable)
  }
  const groups = wire.parts.map((type) =>
    fc.array(part[type], { maxLength: type === "reasoning" ? wire.reasoning.max : type === "tool-call" ? 3 : 1 })
  )
  return fc
    .tuple(...groups)
    .map((all) => all.flat())
    .filter(reasonable)
}

const usage = (wire: Wire): fc.Arbitrary<Usage.Usage | null> => {
  const counts = fc
    .record(Object.fromEntries(wire.buckets.map((bucket) => [bucket, fc.nat({ max: 1_000_000 })])))
    .map((known) => Usage.make(known))
  return wire.usageOptional ? fc.option(counts) : counts
}

/** An answer that the wire can express. It ends with `stop` only when no tool is called, and the other way round. */
export const completion = (wire: Wire): fc.Arbitrary<Completion> =>
  content(wire).chain((content) => {
    const calls = content.some((part) => part.type === "tool-call")
    const reasons = wire.finishReasons.filter((reason) => reason !== (calls ? "stop" : "tool_calls"))
    const answer = { id: identifier, model: identifier, content: fc.constant(content), usage: usage(wire) }
    const ends = fc.record({ ...answer, finishReason: fc.constantFrom(...reasons) })
    return wire.stopSequence && !calls
      ? fc.oneof(ends, fc.record({ ...answer, finishReason: fc.constant("stop" as const), stopSequence: text }))
      : ends
  })

const isDelta = (event: StreamEvent): event is Extract<StreamEvent, { type: `${string}-delta` }> =>
  event.type.endsWith("-delta")

/** The pieces of a text, cut where the seeds say; never inside a surrogate pair, as no provider does that. */
const cut = (whole: string, seeds: ReadonlyArray<number>): ReadonlyArray<string> => {
  const points = [...whole]
  const marks = [...new Set(seeds.map((seed) => seed % (points.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...marks].map((from, position) => points.slice(from, marks[position]).join("")).filter(Boolean)
}

/** The events of an answer with their texts cut into random pieces: `fold` gives the answer back. */
export const stream = (completion: Completion): fc.Arbitrary<ReadonlyArray<StreamEvent>> =>
  fc.array(fc.nat(), { maxLength: 6 }).map((seeds) =>
    [...unfold(completion)].flatMap((event): ReadonlyArray<StreamEvent> => {
      if (!isDelta(event)) return [event]
      const { type, index } = event
      return type === "tool-call-delta"
        ? cut(event.arguments, seeds).map((piece) => ({ type, index, arguments: piece }))
        : cut(event.text, seeds).map((text) => ({ type, index, text }))
    })
  )

/** An answer and a stream of it. */
export const streamed = (
  wire: Wire
): fc.Arbitrary<{ readonly completion: Completion; readonly events: ReadonlyArray<StreamEvent> }> =>
  completion(wire).chain((completion) => stream(completion).map((events) => ({ completion, events })))
