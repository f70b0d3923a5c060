/**
 * One request to a caller, several to the provider: a transport that sends a request's batches one after the other, and
 * gives their answers as one. A failed batch is the failure of the request, in the provider's own words.
 *
 * What was answered before the failure has been paid for. It is kept for another attempt at the same provider, which asks
 * for the rest only, and counted where it was billed: in the attempt that got it.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import type * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type { Headers } from "../../protocols/Protocol.ts"
import type { Receiver, Transport, TransportRequest } from "../../providers/Transport.ts"
import * as Answer from "./Answer.ts"
import type { Format } from "./Vector.ts"

export interface Options {
  readonly count: number
  /** The request for a batch, from 0 on. */
  readonly body: (batch: number) => Buffer
  /** What the answer to a batch says. */
  readonly read: (body: Buffer, batch: number) => Either.Either<Answer.Answer, GatewayError.GatewayError>
  readonly format: Format
}

export interface Batches {
  readonly through: (transport: Transport) => Transport
  /** Of the batches that the running attempt has got so far; null when that is not known. */
  readonly counted: () => Usage.Usage | null
}

/** Of all answers together. */
const maxBytes = 256 * 1024 * 1024

const tooMuch = GatewayError.make(
  "invalid_response",
  `The embeddings are larger than ${maxBytes} bytes, all batches together. Ask for fewer at once.`
)

interface Whole {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** One batch, read whole: within the time of the attempt, which interrupts it. */
const asked = (transport: Transport, request: TransportRequest, receiver: Receiver) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let head: Omit<Whole, "body"> = { status: 0, headers: {} }
    let size = 0
    const own: Receiver = {
      ...(receiver.onConnect === undefined ? {} : { onConnect: receiver.onConnect }),
      onHead: (status, headers) => {
        head = { status, headers }
      },
      onChunk: (chunk) => {
        size += chunk.length
        chunks.push(chunk)
        return size > maxBytes ? "enough" : "more"
      }
    }
    return Effect.flatMap(transport.exchange(request, own), () =>
      size > maxBytes ? Effect.fail(tooMuch) : Effect.succeed({ ...head, body: Buffer.concat(chunks) })
    )
  })

const deliver = ({ body, headers, status }: Whole, receiver: Receiver): void => {
  receiver.onHead(status, headers, () => {})
  receiver.onChunk(body)
}

export const make = ({ body, count, format, read }: Options): Batches => {
  const answers: Array<Answer.Answer> = []
  let got: ReadonlyArray<Answer.Answer> = []

  const exchange = (transport: Transport) => (request: TransportRequest, receiver: Receiver) =>
    Effect.gen(function* () {
      got = []
      while (answers.length < count) {
        const batch = answers.length
        const whole = yield* asked(transport, { ...request, body: body(batch) }, receiver)
        if (whole.status < 200 || whole.status >= 300) return deliver(whole, receiver)
        const answer = yield* read(whole.body, batch)
        answers.push(answer)
        got = [...got, answer]
      }
      const joined = Answer.write(Answer.join(answers), format)
      deliver({ status: 200, headers: { "content-type": "application/json" }, body: joined }, receiver)
    })

  return {
    through: (transport) => ({ exchange: exchange(transport) }),
    counted: () => (got.length === 0 ? null : Answer.join(got).usage)
  }
}
