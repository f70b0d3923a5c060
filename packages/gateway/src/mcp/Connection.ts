/**
 * One conversation with an MCP server, as the rest of the hub sees it. Who opens it (`ClientConnection.ts` and what
 * builds on it) knows the protocol's SDK, which is loaded when the first server is reached and not before.
 */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { JsonObject } from "../wire/Json.ts"
import type { Library, ListKind } from "./Library.ts"
import type { ListedTool, Progress, ToolResult } from "./Tool.ts"

/** Why a conversation, or one call in it, failed. */
export type FailureKind =
  /** The connection is gone: the process ended, nobody answers at the address. */
  | "closed"
  /** The server has forgotten the session; it did nothing with the request. */
  | "session"
  | "timeout"
  /** The server answered with an error, or not in the protocol's words. */
  | "protocol"
  | "too_large"
  /** The address may not be called from here. */
  | "refused"

export class ConnectionFailure extends Data.TaggedError("ConnectionFailure")<{
  readonly kind: FailureKind
  readonly message: string
  /** Over HTTP, where the answer was no message: its status. */
  readonly status?: number
}> {}

export interface CallOptions {
  /** Milliseconds without an answer or progress. */
  readonly timeout: number
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly traceparent?: string
}

export interface Connection {
  readonly listTools: Effect.Effect<ReadonlyArray<ListedTool>, ConnectionFailure>
  /** Interruption and a timeout tell the server that the call is cancelled. */
  readonly call: (tool: string, args: JsonObject, options: CallOptions) => Effect.Effect<ToolResult, ConnectionFailure>
  readonly library: Library<ConnectionFailure>
}

/** What a server does unasked. Called synchronously. */
export interface Listener {
  readonly listChanged: (kind: ListKind) => void
  /** The connection is gone for good. */
  readonly lost: (why: string) => void
}
