/** What providers speak, in the pieces that failures are made of. */
import type * as Upstream from "../Upstream.ts"
import * as Wire from "../Wire.ts"

export const wireNames = ["openai", "anthropic", "ollama"] as const
export type WireName = (typeof wireNames)[number]

export interface ProviderWire {
  readonly name: WireName
  /** Behind an upstream's address. */
  readonly basePath: string
  readonly headers: { readonly [name: string]: string }
  readonly frames: (text?: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Frames before the first token. */
  readonly silent: number
  /** What a connection is kept open with; null where the protocol has no such thing. */
  readonly keepAlive: string | null
  readonly malformed: string
  readonly error: (status: number, message: string) => { readonly [key: string]: unknown }
  readonly whole: (text?: ReadonlyArray<string>) => { readonly [key: string]: unknown }
}

const EVENT_STREAM = { "content-type": "text/event-stream" }

const anthropicTypes: { readonly [status: number]: string } = {
  400: "invalid_request_error",
  401: "authentication_error",
  429: "rate_limit_error",
  503: "overloaded_error"
}

export const wires: { readonly [W in WireName]: ProviderWire } = {
  openai: {
    name: "openai",
    basePath: "/v1",
    headers: EVENT_STREAM,
    frames: (text) => Wire.openaiStream(text === undefined ? {} : { text }, true),
    silent: 1,
    keepAlive: ": wait\n\n",
    malformed: "data: {not json\n\n",
    error: (status, message) => Wire.openaiError(message, status < 500 ? "invalid_request_error" : "server_error"),
    whole: (text) => Wire.openaiCompletion(text === undefined ? {} : { text })
  },
  anthropic: {
    name: "anthropic",
    basePath: "",
    headers: EVENT_STREAM,
    frames: (text) => Wire.anthropicStream(text === undefined ? {} : { text }),
    silent: 3,
    keepAlive: Wire.sse({ type: "ping" }, "ping"),
    malformed: "event: content_block_delta\ndata: {not json\n\n",
    error: (status, message) => Wire.anthropicError(message, anthropicTypes[status] ?? "api_error"),
    whole: (text) => Wire.anthropicMessage(text === undefined ? {} : { text })
  },
  ollama: {
    name: "ollama",
    basePath: "",
    headers: { "content-type": "application/x-ndjson" },
    frames: (text) => Wire.ollamaStream(text === undefined ? {} : { text }),
    silent: 0,
    keepAlive: null,
    malformed: "{not json\n",
    error: (_, message) => ({ error: message }),
    whole: (text) => Wire.ollamaChat(text === undefined ? {} : { text })
  }
}

/** An error answer. */
export const failing = (
  wire: ProviderWire,
  status: number,
  headers: { readonly [name: string]: string } = {}
): Upstream.Answer => ({ status, headers, body: wire.error(status, `it says ${status}`) })

/** A stream that begins well, so many pieces of its text long, and goes on as the steps say. */
export const begins = (wire: ProviderWire, pieces: number, ...then: ReadonlyArray<Upstream.Step>): Upstream.Answer => ({
  headers: wire.headers,
  body: [...wire.frames().slice(0, wire.silent + pieces), ...then]
})

/** A whole answer that begins well and goes on as the steps say. */
export const beginsWhole = (wire: ProviderWire, ...then: ReadonlyArray<Upstream.Step>): Upstream.Answer => ({
  headers: { "content-type": "application/json" },
  body: [JSON.stringify(wire.whole()).slice(0, 40), ...then]
})
