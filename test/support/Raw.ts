/** HTTP without a client's opinions: the bytes of a body, whether it was whole, and bodies that no client would send. */
import * as http from "node:http"
import * as net from "node:net"

/** What somebody else wrote: a test says by its assertions what it must be. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  readonly bytes: Buffer
  /** Whether the body came to its end: a chunked one has its last chunk. */
  readonly complete: boolean
  /** Undefined when the body is no JSON. */
  readonly json: Loose
}

export interface Request {
  readonly method?: string
  readonly headers?: http.OutgoingHttpHeaders
  /** An object is sent as JSON; a list of pieces is sent chunked, without a length. */
  readonly body?: string | Buffer | ReadonlyArray<string | Buffer> | { readonly [key: string]: unknown }
  readonly signal?: AbortSignal
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isPieces = (body: Request["body"]): body is ReadonlyArray<string | Buffer> => Array.isArray(body)

/** Completes when the answer is over, however it ended; rejects when there was none. */
export const send = (url: string, options: Request = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body } = options
    const whole =
      body === undefined || isPieces(body)
        ? undefined
        : typeof body === "string" || Buffer.isBuffer(body)
          ? Buffer.from(body)
          : Buffer.from(JSON.stringify(body))
    const request = http.request(url, {
      method: options.method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(whole === undefined ? {} : { "content-length": whole.length }),
        ...options.headers
      },
      agent: false,
      ...(options.signal === undefined ? {} : { signal: options.signal })
    })
    let answered = false
    request.on("response", (response) => {
      answered = true
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("error", () => {})
      response.on("close", () => {
        const bytes = Buffer.concat(pieces)
        const text = bytes.toString("utf8")
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          bytes,
          complete: response.complete,
          json: jsonOf(text)
        })
      })
    })
    // A server that answers before it has read the whole body may close the connection under the writer.
    request.on("error", (error) => {
      if (!answered) reject(error)
    })
    if (isPieces(body)) {
      for (const piece of body) request.write(piece)
      request.end()
    } else request.end(whole)
  })

export const chat = (
  base: string,
  body: { readonly [key: string]: unknown } | string | Buffer,
  headers: http.OutgoingHttpHeaders = {}
): Promise<Answer> => send(`${base}/v1/chat/completions`, { body, headers })

/** The data of every event in a body of SSE, in order. */
export const dataOf = (body: string): ReadonlyArray<string> =>
  body
    .split(/\r?\n\r?\n/)
    .flatMap((event) => event.split(/\r?\n/))
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : []))

/** The JSON of every event, the end mark left out. */
export const chunksOf = (body: string): ReadonlyArray<Loose> =>
  dataOf(body)
    .filter((data) => data !== "[DONE]")
    .map((data) => JSON.parse(data))

/** A connection on which nothing is read until `read` is called: a client that has stopped listening. */
export const deaf = (base: string, path: string, body: { readonly [key: string]: unknown }) => {
  const { hostname, port } = new URL(base)
  const text = JSON.stringify(body)
  const socket = net.connect({ host: hostname, port: Number(port) })
  socket.pause()
  socket.on("error", () => {})
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  )
  return {
    /** Reads to the end, and says how many bytes came. */
    read: () =>
      new Promise<number>((resolve) => {
        let size = 0
        socket.on("data", (piece) => {
          size += piece.length
        })
        socket.on("close", () => resolve(size))
        socket.resume()
      }),
    close: () => socket.destroy()
  }
}
