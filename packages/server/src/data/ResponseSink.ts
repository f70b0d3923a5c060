/** A sink that is an HTTP response, written on Node's object: no Effect per chunk. */
import type { Head, Sink } from "@penstock/gateway/exchange/Call"
import type { FailureWriter } from "@penstock/gateway/protocols/Dialect"
import * as RateHeaders from "@penstock/gateway/limits/RateHeaders"
import { formatUsd } from "@penstock/schema/Money"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import type { OutgoingHttpHeaders, ServerResponse } from "node:http"

/** Header values are ASCII; a model's name may be anything. */
const unsafe = /[^\x20-\x7e]/g
const safe = (value: string): string =>
  value.search(unsafe) === -1 ? value : value.replace(unsafe, (char) => encodeURIComponent(char))

const headersOf = (requestId: RequestId, head: Head, repeat: boolean): OutgoingHttpHeaders => {
  const headers: OutgoingHttpHeaders = {
    "x-request-id": requestId,
    "x-penstock-provider": head.provider,
    "x-penstock-model": safe(head.model),
    "x-penstock-attempts": head.attempts
  }
  if (head.fallback) headers["x-penstock-fallback"] = "true"
  if (head.dropped.length > 0) headers["x-penstock-dropped"] = safe(head.dropped.join(", "))
  if (head.cost !== null) headers["x-penstock-cost-usd"] = formatUsd(head.cost)
  if (head.turns !== undefined) headers["x-penstock-turns"] = head.turns
  if (head.contentType !== undefined) headers["content-type"] = head.contentType
  if (head.cache !== undefined) headers["x-penstock-cache"] = head.cache
  if (repeat) headers["idempotent-replayed"] = "true"
  return headers
}

/** Up to so many bytes an answer goes out with its head in one piece, which is cheaper than to gather two. */
const shortAnswer = 16 * 1024

/** In `latin1` each byte is one character, and comes out as it went in, whatever it is a part of. */
const endWith = (response: ServerResponse, body: Uint8Array): void => {
  if (body.length > shortAnswer || !Buffer.isBuffer(body)) response.end(body)
  else response.end(body.toString("latin1"), "latin1")
}

/** An answer that is sent whole. */
const whole = (response: ServerResponse, requestId: RequestId, repeat: boolean): Sink<Uint8Array> => {
  let headers: OutgoingHttpHeaders = {}
  return {
    begin: (head) => {
      headers = headersOf(requestId, head, repeat)
    },
    write: (body) => {
      headers["content-type"] ??= "application/json"
      headers["content-length"] = body.length
      response.writeHead(200, headers)
      endWith(response, body)
      return true
    },
    onDrain: () => {},
    end: () => {}
  }
}

const eventStream = "text/event-stream; charset=utf-8"

/** Nothing may be added to what is not a stream of events: to sound, for example. */
const isEvents = (contentType = eventStream): boolean => contentType.startsWith("text/event-stream")

/** An answer that is sent as it comes. Its cost follows as a comment: the head was sent before it was known. */
const streamed = (response: ServerResponse, requestId: RequestId, repeat: boolean): Sink<Uint8Array> => {
  let resume: (() => void) | null = null
  let takesComments = true
  return {
    begin: (head) => {
      takesComments = isEvents(head.contentType)
      // To be found again by `fail`: of what is given to `writeHead` alone, Node keeps nothing.
      if (head.contentType !== undefined) response.setHeader("content-type", head.contentType)
      response.writeHead(200, {
        "content-type": eventStream,
        ...headersOf(requestId, head, repeat),
        "cache-control": "no-cache",
        // Proxies that buffer (nginx) hold a stream back until it is whole.
        "x-accel-buffering": "no"
      })
    },
    write: (bytes) => response.write(bytes),
    onDrain: (how) => {
      // One listener, however many attempts there are: only the last one writes.
      if (resume === null) response.on("drain", () => resume?.())
      resume = how
    },
    end: (cost) => {
      response.end(cost === null || !takesComments ? undefined : `: x-penstock-cost-usd: ${formatUsd(cost)}\n\n`)
    }
  }
}

/** How the caller stands with the limits of its rate: on an answer and on a refusal alike. */
export const limits = (response: ServerResponse, standing: RateHeaders.Standing): void => {
  if (response.headersSent) return
  for (const [name, value] of Object.entries(RateHeaders.headers(standing))) response.setHeader(name, value)
}

/** The sink of an answer. `repeat`: to a request that was sent before, under the first one's id. */
export const make = (
  response: ServerResponse,
  stream: boolean,
  requestId: RequestId,
  repeat = false
): Sink<Uint8Array> => (stream ? streamed(response, requestId, repeat) : whole(response, requestId, repeat))

/**
 * How long the rest of a refused body is still read, and thrown away: a client whose connection is reset while it
 * writes never reads why.
 */
const lingerMillis = 5_000

/** Sends the answer at once, and ends it, which closes the connection, when the request's body has arrived. */
const endAfterRequest = (response: ServerResponse, body: string): void => {
  const request = response.req
  const end = () => response.end()
  const timer = setTimeout(end, lingerMillis)
  response.once("close", () => clearTimeout(timer))
  request.once("end", end)
  response.write(body)
  request.resume()
}

/**
 * A failure: as a status while that is still possible, else inside the stream of events. What is no such stream has no
 * word for it: its connection is broken, as an end would say that it is whole.
 */
export const fail = (
  response: ServerResponse,
  dialect: FailureWriter,
  requestId: RequestId,
  error: GatewayError
): void => {
  if (response.headersSent) {
    if (response.writableEnded) return
    const contentType = response.getHeader("content-type")
    if (isEvents(contentType === undefined ? undefined : String(contentType))) {
      response.end(dialect.failureFrame(error, requestId))
    } else response.destroy()
    return
  }
  const body = JSON.stringify(dialect.failure(error, requestId))
  const headers: OutgoingHttpHeaders = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-request-id": requestId
  }
  if (error.retryAfterMillis !== undefined) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterMillis / 1000)))
  }
  if (error.status === 401) headers["www-authenticate"] = 'Bearer realm="penstock"'
  // The rest of an oversized body is thrown away: the connection cannot serve another request.
  const unread = error.reason === "too_large" && !response.req.complete
  if (unread) headers["connection"] = "close"
  response.writeHead(error.status, headers)
  if (unread) endAfterRequest(response, body)
  else response.end(body)
}
