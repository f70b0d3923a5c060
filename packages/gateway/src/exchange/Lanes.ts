/**
 * The three ways through the gateway: same wire in and out, one wire to another, and a program's neutral events. Each
 * can go on at another target when its stream breaks; what that needs is made only then.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import type { GatewayError } from "@penstock/schema/GatewayError"
import { unfold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import type { ModelFacts } from "../ledger/PriceBook.ts"
import type { AnswerContext, Dialect } from "../protocols/Dialect.ts"
import type { Original } from "../protocols/PassThrough.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import * as ChooseProtocol from "../providers/ChooseProtocol.ts"
import type { Provider } from "../providers/Provider.ts"
import * as Relay from "../wire/Relay.ts"
import type { Lane, Whole } from "./Call.ts"
import * as Resume from "./Resume.ts"
import type { Transcript } from "./Transcript.ts"
import { decode, lowered } from "./Wire.ts"

/** A whole answer to a caller who asked for a stream: some servers cannot stream every answer. */
const streamed = (dialect: Dialect, context: AnswerContext, completion: Completion): Buffer => {
  const encoder = dialect.encoder(context)
  let text = ""
  for (const event of unfold(completion)) text += encoder.write(event)
  return Buffer.from(text)
}

/** Goes on in the bytes of a caller's dialect. */
const inBytes = (dialect: Dialect, context: AnswerContext): Resume.Output<Uint8Array> => {
  const encoder = (transcript: Transcript) => {
    const begun = transcript.begun()
    return dialect.encoder(begun === null ? context : { ...context, begun })
  }
  return {
    relay: (events, transcript) => Relay.encoded(events, encoder(transcript)),
    whole: (events, transcript) => {
      const to = encoder(transcript)
      return Buffer.from(events.map((event) => to.write(event)).join(""))
    }
  }
}

/** Goes on in events. */
const inEvents: Resume.Output<ReadonlyArray<StreamEvent>> = { relay: (events) => events, whole: (events) => events }

/** What is sent where a stream that was passed through is begun anew. */
export interface Again {
  /** How a provider speaks the dialect; null for one that does not. */
  readonly native: (provider: Provider) => Protocol | null
  /** The request for who knows nothing of what came before. */
  readonly original: Original
}

/**
 * The same wire format in and out: the caller's bytes, and the provider's, who is asked in `provider.protocol`. Absent
 * `again`: the dialect is one of those that a conversation is held in, and the request says all that it means.
 */
export const passThrough = (
  dialect: Dialect,
  provider: Provider,
  model: string,
  original: Original,
  context: AnswerContext,
  again: Again = { original, native: ({ spoken }) => ChooseProtocol.native(spoken, dialect.id) }
): Lane<Uint8Array> => ({
  protocol: provider.protocol,
  ...dialect.passThrough.rewrite(original, model),
  headers: original.headers ?? null,
  whole: (body) =>
    Either.map(decode(provider.protocol, body), (completion): Whole<Uint8Array> => ({
      out: original.json["stream"] === true ? streamed(dialect, context, completion) : body,
      usage: completion.usage
    })),
  relay: (transcript) =>
    Relay.passThrough(
      provider.protocol,
      context.includeUsage ? () => false : dialect.passThrough.isUsageOnly,
      dialect.passThrough.endMark,
      transcript
    ),
  resume: Resume.make(
    () => Either.getOrNull(Either.filterOrLeft(dialect.read(again.original.json), Resume.isTold, () => null)),
    inBytes(dialect, context),
    ({ model, provider }) => {
      const protocol = again.native(provider)
      const { headers = null } = again.original
      return protocol === null ? null : { protocol, ...dialect.passThrough.rewrite(again.original, model), headers }
    }
  )
})

/** From the caller's wire format to the provider's and back. */
export const translated = (
  dialect: Dialect,
  provider: Provider,
  model: string,
  request: ChatRequest,
  facts: ModelFacts,
  context: AnswerContext
): Either.Either<Lane<Uint8Array>, GatewayError> =>
  Either.map(lowered(request, provider, model, facts), (lower) => ({
    ...lower,
    whole: (body) =>
      Either.map(decode(lower.protocol, body), (completion) => ({
        out:
          request.stream === true
            ? streamed(dialect, context, completion)
            : Buffer.from(JSON.stringify(dialect.write(completion, context))),
        usage: completion.usage
      })),
    relay: (transcript) => Relay.translate(lower.protocol, dialect.encoder(context), transcript),
    resume: Resume.make(() => request, inBytes(dialect, context))
  }))

/** A program's request, answered in events. */
export const neutral = (
  provider: Provider,
  model: string,
  request: ChatRequest,
  facts: ModelFacts
): Either.Either<Lane<ReadonlyArray<StreamEvent>>, GatewayError> =>
  Either.map(lowered(request, provider, model, facts), (lower) => ({
    ...lower,
    whole: (body) =>
      Either.map(decode(lower.protocol, body), (completion) => ({
        out: [...unfold(completion)],
        usage: completion.usage
      })),
    relay: (transcript) => Relay.toEvents(lower.protocol, transcript),
    resume: Resume.make(() => request, inEvents)
  }))
