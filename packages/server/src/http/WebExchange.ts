/** Node's requests and responses as those of the web, for what is written against `fetch`. */
import type { IncomingMessage, ServerResponse } from "node:http"

/** The body was read before; it is null for a request that has none. */
export const toRequest = (request: IncomingMessage, body: Buffer | null, signal: AbortSignal): Request => {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one)
  }
  // Only the path counts: a name in `Host` that makes no address must not spoil the request.
  const url = new URL(request.url ?? "/", "http://localhost")
  return new Request(url, {
    method: request.method ?? "GET",
    headers,
    signal,
    ...(body === null ? {} : { body: new Uint8Array(body) })
  })
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    response.once("drain", resolve)
    response.once("close", resolve)
  })

/** Completes when everything is sent, or the client has left. Headers go out at once: a stream may be silent for long. */
export const send = async (answer: Response, response: ServerResponse): Promise<void> => {
  if (response.destroyed) return void answer.body?.cancel()
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body === null) return void response.end()
  response.flushHeaders()
  const reader = answer.body.getReader()
  response.once("close", () => void reader.cancel().catch(() => {}))
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (response.destroyed) return
    if (!response.write(part.value)) await drained(response)
  }
  response.end()
}
