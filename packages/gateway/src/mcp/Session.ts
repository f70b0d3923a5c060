/** A conversation that is open, with what the server lists at present. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { type Connection, ConnectionFailure, type Listener } from "./Connection.ts"
import type { ListKind } from "./Library.ts"
import type { ListedTool } from "./Tool.ts"

export interface Session {
  readonly connection: Connection
  readonly tools: () => ReadonlyArray<ListedTool>
}

export type Connect = (listener: Listener) => Effect.Effect<Connection, ConnectionFailure, Scope.Scope>

export interface Events {
  /** Called synchronously when a list has changed; for that of the tools, when the new one is here. */
  readonly listChanged: (kind: ListKind) => void
  /** Called when the conversation is over, and never before it was open. */
  readonly lost: (session: Session, why: string) => void
}

export interface Opened {
  readonly session: Session
  /** Lists again whenever the server says that its tools have changed; changes meanwhile are one more list. */
  readonly follow: Effect.Effect<never>
}

/** Opens a conversation and lists the tools, both within `timeout` milliseconds; so does each list after that. */
export const open = Effect.fnUntraced(function* (
  connect: Connect,
  events: Events,
  timeout: number
): Effect.fn.Return<Opened, ConnectionFailure, Scope.Scope> {
  const inTime = Effect.timeoutFail({
    duration: timeout,
    onTimeout: () => new ConnectionFailure({ kind: "closed", message: `it was not ready within ${timeout} ms` })
  })
  const changes = yield* Queue.sliding<void>(1)
  let session: Session | null = null
  const listener: Listener = {
    listChanged: (kind) => {
      if (kind === "tools") Queue.unsafeOffer(changes, undefined)
      else events.listChanged(kind)
    },
    lost: (why) => {
      if (session !== null) events.lost(session, why)
    }
  }
  const connection = yield* inTime(connect(listener))
  let tools = yield* inTime(connection.listTools)
  const follow = Queue.take(changes).pipe(
    Effect.zipRight(inTime(connection.listTools)),
    Effect.matchEffect({
      onSuccess: (listed) =>
        Effect.sync(() => {
          tools = listed
          events.listChanged("tools")
        }),
      // The former list stays in force.
      onFailure: ({ message }) => Effect.logWarning("The tools of an MCP server could not be listed again", message)
    }),
    Effect.forever
  )
  session = { connection, tools: () => tools }
  return { session, follow }
})
