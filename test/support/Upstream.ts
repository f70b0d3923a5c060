/**
 * A provider on loopback that says what a test wants it to say, over real sockets. Without a script it answers like a
 * well-behaved OpenAI, Anthropic or Ollama, by path.
 */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as Wire from "./Wire.ts"
import * as WireResponses from "./WireResponses.ts"

/** Closes the connection in the middle of the body: what was written arrives, its end does not. */
export const cut = Symbol("cut")
/** Resets the connection: the reader sees ECONNRESET. */
export const reset = Symbol("reset")
/** Never ends the answer; the connection stays open until the client leaves or the upstream closes. */
export const hang = Symbol("hang")

/** A piece of a body: bytes, a gate to wait for, a pause in milliseconds, or a way of not ending. */
export type Step = string | Uint8Array | Promise<unknown> | number | typeof cut | typeof reset | typeof hang

export interface Answer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  /** An object is sent as JSON with its length; steps (a list, or made as they go) are written one by one, flushed. */
  readonly body?: string | Uint8Array | Iterable<Step> | { readonly [key: string]: unknown }
  /** Closes the connection when so many body bytes are out, whatever would follow. */
  readonly cutAfter?: number
  /** Never sends even a head. */
  readonly silent?: boolean
  /** Resets the connection instead of sending a head. */
  readonly headless?: boolean
}

export interface Received {
  readonly method: string
  /** Path with its query. */
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** The body as JSON, undefined when it is not. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any
  /** When it arrived, by `performance.now()`. */
  readonly at: number
  /** Resolves when its exchange is over, whoever ended it. */
  readonly over: Promise<void>
}

export type Script = Answer | ((request: Received) => Answer | Promise<Answer>)

export interface Upstream {
  /** Without a path: add `/v1` for a provider that wants it. */
  readonly url: string
  /** Every request, in the order of arrival. */
  readonly requests: ReadonlyArray<Received>
  /** Scripts the next unanswered requests, one each. */
  readonly next: (...scripts: ReadonlyArray<Script>) => void
  /** Scripts every request that has no script of its own; undefined restores the built-in answers. */
  readonly always: (script: Script | undefined) => void
  /** The earliest request that no earlier call has taken; waits for it if need be. */
  readonly nextRequest: () => Promise<Received>
  /** The earliest request whose client left before the answer's end; waits for it if need be. */
  readonly nextAbort: () => Promise<Received>
  /** Answers being written at the moment. */
  readonly open: () => number
  /** Breaks every connection and stops listening: from now on connections are refused. */
  readonly close: () => Promise<void>
}

/** A promise with its handles: a gate that the test opens. */
export const gate = (): { readonly opened: Promise<void>; readonly open: () => void } => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Things that happen, taken one by one by whoever waits. */
const mailbox = <A>() => {
  const arrived: Array<A> = []
  const waiting: Array<(value: A) => void> = []
  return {
    put: (value: A): void => {
      const taker = waiting.shift()
      if (taker === undefined) arrived.push(value)
      else taker(value)
    },
    take: (): Promise<A> =>
      arrived.length > 0 ? Promise.resolve(arrived.shift()!) : new Promise((resolve) => waiting.push(resolve))
  }
}

const EVENT_STREAM = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" }
const NDJSON = { "content-type": "application/x-ndjson" }

const MODELS = ["upstream-model", "upstream-model-small"]

/** What a well-behaved provider answers. */
export const ordinary = (request: Received, said: Wire.Said = {}): Answer => {
  const path = request.path.split("?")[0]!
  const asked = { model: request.json?.model, ...said }
  const streamed = request.json?.stream
  if (path.endsWith("/chat/completions")) {
    return streamed === true
      ? { headers: EVENT_STREAM, body: Wire.openaiStream(asked, request.json.stream_options?.include_usage === true) }
      : { body: Wire.openaiCompletion(asked) }
  }
  if (path.endsWith("/responses")) {
    return streamed === true
      ? { headers: EVENT_STREAM, body: WireResponses.stream(asked) }
      : { body: WireResponses.response(asked) }
  }
  if (path.endsWith("/messages")) {
    return streamed === true
      ? { headers: EVENT_STREAM, body: Wire.anthropicStream(asked) }
      : { body: Wire.anthropicMessage(asked) }
  }
  if (path.endsWith("/api/chat")) {
    // Ollama streams unless told otherwise.
    return streamed === false ? { body: Wire.ollamaChat(asked) } : { headers: NDJSON, body: Wire.ollamaStream(asked) }
  }
  if (path.endsWith("/embeddings")) return { body: Wire.openaiEmbeddings(request.json) }
  if (path.endsWith("/api/embed")) return { body: Wire.ollamaEmbed(request.json) }
  if (path.endsWith("/api/tags")) return { body: Wire.ollamaTags(MODELS) }
  if (path.endsWith("/models")) return { body: Wire.modelList(MODELS) }
  return { status: 404, body: Wire.openaiError(`Unknown request URL: ${request.method} ${path}`) }
}

/** An event stream of these frames: `Wire.sse(...)` strings, gates, pauses, `cut`, `hang`. */
export const eventStream = (...body: ReadonlyArray<Step>): Answer => ({ headers: EVENT_STREAM, body })

const isSteps = (body: Answer["body"]): body is Iterable<Step> =>
  typeof body === "object" && !(body instanceof Uint8Array) && Symbol.iterator in body

interface Exchange {
  readonly response: http.ServerResponse
  /** Resolves when the connection is over, whoever ended it. */
  readonly left: Promise<void>
  /** True once the script itself has broken the connection: then it is not the client who left. */
  broken: boolean
}

const write = async (exchange: Exchange, answer: Answer): Promise<void> => {
  if (answer.silent === true) return
  const { left, response } = exchange
  const breakOff = (how: "destroy" | "resetAndDestroy"): void => {
    exchange.broken = true
    response.socket?.[how]()
  }
  if (answer.headless === true) return breakOff("resetAndDestroy")
  const { body = "" } = answer
  const steps = isSteps(body)
    ? body
    : [typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)]
  const headers: Record<string, string> = { ...answer.headers }
  if (!isSteps(body)) {
    const [whole] = steps as ReadonlyArray<string | Uint8Array>
    headers["content-length"] ??= String(Buffer.byteLength(whole!))
    if (typeof body === "object" && !(body instanceof Uint8Array)) headers["content-type"] ??= "application/json"
  }
  response.writeHead(answer.status ?? 200, headers)
  response.flushHeaders()
  let written = 0
  for (const step of steps) {
    if (response.destroyed) return
    if (step === hang) return
    if (step === cut) return breakOff("destroy")
    if (step === reset) return breakOff("resetAndDestroy")
    if (typeof step === "number") {
      await Promise.race([left, new Promise((resolve) => setTimeout(resolve, step))])
    } else if (step instanceof Promise) {
      await Promise.race([left, step])
    } else if (typeof step !== "symbol") {
      const bytes = typeof step === "string" ? Buffer.from(step) : step
      const room = (answer.cutAfter ?? Infinity) - written
      const part = bytes.length > room ? bytes.subarray(0, room) : bytes
      written += part.length
      // The callback says that the bytes have left the process: a cut that follows cannot overtake them.
      await Promise.race([left, new Promise((resolve) => response.write(part, resolve))])
      if (bytes.length >= room) return breakOff("destroy")
    }
  }
  response.end()
}

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

export const start = async (options: { readonly port?: number } = {}): Promise<Upstream> => {
  const requests: Array<Received> = []
  const scripts: Array<Script> = []
  const arrivals = mailbox<Received>()
  const aborts = mailbox<Received>()
  let fallback: Script = (request) => ordinary(request)
  let open = 0
  let closing = false

  const server = http.createServer((incoming, response) => {
    const pieces: Array<Buffer> = []
    incoming.on("error", () => {})
    response.on("error", () => {})
    incoming.on("data", (piece: Buffer) => pieces.push(piece))
    incoming.on("end", () => {
      const body = Buffer.concat(pieces).toString("utf8")
      const left = new Promise<void>((resolve) =>
        response.once("close", () => {
          open--
          if (!response.writableFinished && !exchange.broken && !closing) aborts.put(request)
          resolve()
        })
      )
      const request: Received = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        headers: incoming.headers,
        body,
        json: parse(body),
        at: performance.now(),
        over: left
      }
      requests.push(request)
      open++
      const script = scripts.shift() ?? fallback
      const exchange: Exchange = { response, left, broken: false }
      arrivals.put(request)
      Promise.resolve(typeof script === "function" ? script(request) : script)
        .then((answer) => write(exchange, answer))
        .catch((error: unknown) => {
          // A bug in the test's script: say so, and fail the exchange rather than leave it hanging.
          console.error("upstream script failed", error)
          exchange.broken = true
          response.socket?.destroy()
        })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    next: (...more) => void scripts.push(...more),
    always: (script) => {
      fallback = script ?? ((request) => ordinary(request))
    },
    nextRequest: arrivals.take,
    nextAbort: aborts.take,
    open: () => open,
    close: () => {
      closing = true
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    }
  }
}
