/**
 * A server in this process that speaks OpenAI's chat completions and embeddings and is no AI: what goes through the
 * gateway can be tried and tested without a key, a network or a model. See `DemoAnswer` and `DemoEmbedding` for what it
 * answers.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import type { Receiver, Transport, TransportRequest } from "../Transport.ts"
import { objectIn } from "../../wire/Json.ts"
import * as DemoEmbeddings from "./DemoEmbeddings.ts"
import { answer, modelOf, models } from "./DemoAnswer.ts"
import { read } from "./DemoRequest.ts"
import * as DemoWire from "./DemoWire.ts"

/** What the demo sends: a head, and the body in the pieces in which it is delivered. */
interface Reply {
  readonly status: number
  readonly type: "application/json" | "text/event-stream; charset=utf-8"
  readonly pieces: Iterable<string>
  readonly streamed: boolean
  /** Milliseconds before each piece of a stream but the first, and before a whole body. */
  readonly delay: number
}

/** The most that a whole answer may hold, all choices together. */
const maxCharacters = 64_000_000

const json = (status: number, body: object, delay = 0): Reply => ({
  status,
  type: "application/json",
  pieces: [JSON.stringify(body)],
  streamed: false,
  delay
})

const refused = (status: number, message: string, param: string | null = null, code: string | null = null): Reply =>
  json(status, DemoWire.failure(message, param, code))

const parse = (text: string): Either.Either<unknown, string> =>
  Either.try({ try: (): unknown => JSON.parse(text), catch: (error) => String(error) })

/** `demo/embed` is what Penstock calls it, `embed` what the demo itself does. */
const isEmbedding = (name: unknown): boolean => name === DemoEmbeddings.model || name === `demo/${DemoEmbeddings.model}`

const embeddings = (text: string): Reply => {
  const request = parse(text)
  if (Either.isLeft(request)) return refused(400, `The body is not JSON: ${request.left}`)
  const fields = objectIn(request.right)
  if (!isEmbedding(fields["model"])) {
    const message = `The demo has no embedding model ${String(fields["model"])}: there is demo/${DemoEmbeddings.model}`
    return refused(404, message, "model", "model_not_found")
  }
  return Either.match(DemoEmbeddings.answer(fields), {
    onLeft: ({ message, param }) => refused(400, message, param),
    onRight: (answer) => json(200, answer)
  })
}

const chat = (text: string, created: number): Reply => {
  const parsed = parse(text)
  if (Either.isLeft(parsed)) return refused(400, `The body is not JSON: ${parsed.left}`)
  const request = read(parsed.right)
  if (Either.isLeft(request)) return refused(400, request.left.message, request.left.param)
  const { model: name, n, stream, stream_options, demo } = request.right
  const model = modelOf(name)
  if (model === undefined) {
    const known = models.map((each) => `demo/${each}`).join(" and ")
    const message = isEmbedding(name)
      ? `demo/${DemoEmbeddings.model} makes embeddings and does not talk: ask it at /v1/embeddings, or talk to ${known}`
      : `The demo has no model ${name}: there are ${known}`
    return refused(404, message, "model", "model_not_found")
  }
  const answered = answer(request.right, model)
  if (Either.isLeft(answered)) return refused(400, answered.left.message, answered.left.param)
  if ((n ?? 1) * answered.right.text.length > maxCharacters)
    return refused(400, "n: too many copies of so long an answer", "n")
  // The same request gets the same id.
  const stamp = { id: `chatcmpl-${createHash("sha256").update(text).digest("hex").slice(0, 24)}`, created }
  const delay = demo?.delay_ms ?? 0
  if (stream !== true) return json(200, DemoWire.whole(answered.right, stamp, n ?? 1), delay)
  const pieces = DemoWire.frames(answered.right, stamp, n ?? 1, stream_options?.include_usage === true)
  return { status: 200, type: "text/event-stream; charset=utf-8", pieces, streamed: true, delay }
}

const reply = ({ method, path, body }: TransportRequest, created: number): Reply => {
  if (path === "/models" && method === "GET") return json(200, DemoWire.modelList([...models, DemoEmbeddings.model]))
  if (path !== "/chat/completions" && path !== "/embeddings") return refused(404, `The demo has no ${path}`)
  if (method !== "POST") return refused(405, `${path} is asked for with POST`)
  const text = typeof body === "string" ? body : new TextDecoder().decode(body ?? new Uint8Array())
  return path === "/embeddings" ? embeddings(text) : chat(text, created)
}

/** A source that can be paused. `resume` may come at any time, also from within the call that asked for the pause. */
const valve = () => {
  let closed = false
  let waiting: (() => void) | null = null
  return {
    close: (): void => {
      closed = true
    },
    open: (): void => {
      closed = false
      const wake = waiting
      waiting = null
      wake?.()
    },
    isClosed: (): boolean => closed,
    /** Completes once open. */
    opened: Effect.async<void>((resume) => {
      if (!closed) return resume(Effect.void)
      waiting = () => resume(Effect.void)
      return Effect.sync(() => {
        waiting = null
      })
    })
  }
}

const deliver = ({ status, type, pieces, streamed, delay }: Reply, receiver: Receiver): Effect.Effect<void> => {
  const flow = valve()
  const source = pieces[Symbol.iterator]()
  let piece = source.next()
  const more = (): boolean => piece.done !== true
  /** Delivers pieces until the receiver has enough, at most `count`. */
  const run = (count: number): void => {
    for (let left = count; left > 0 && piece.done !== true && !flow.isClosed(); left -= 1) {
      const bytes = Buffer.from(piece.value)
      piece = source.next()
      // Closed before the call: a `resume` from within it must win.
      flow.close()
      const answer = receiver.onChunk(bytes)
      if (answer === "enough") piece = { done: true, value: undefined }
      if (answer !== "pause") flow.open()
    }
  }
  const head = Effect.sync(() => receiver.onHead(status, { "content-type": type }, flow.open))
  const delivered = (count: number) =>
    Effect.zipRight(
      Effect.sync(() => run(count)),
      flow.opened
    )
  const body = (each: Effect.Effect<void>) => Effect.whileLoop({ while: more, body: () => each, step: () => undefined })
  if (delay === 0) return Effect.zipRight(head, body(delivered(Infinity)))
  const pause = Effect.sleep(delay)
  return streamed
    ? Effect.zipRight(Effect.zipRight(head, delivered(1)), body(Effect.zipRight(pause, delivered(1))))
    : Effect.zipRight(pause, Effect.zipRight(head, body(delivered(1))))
}

export const make: Transport = {
  exchange: (request, receiver) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => deliver(reply(request, Math.floor(now / 1000)), receiver))
}
