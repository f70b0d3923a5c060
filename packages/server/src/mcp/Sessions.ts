/**
 * The sessions of callers that speak a revision until 2025-11-25: opened by `initialize`, named by a header, ended by
 * DELETE or by silence. Their number is bounded; where it is reached the one that was silent for longest goes.
 */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server"
import type { Server } from "@modelcontextprotocol/server"
import type { Caller } from "@penstock/schema/api/Caller"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import * as EventLog from "./EventLog.ts"
import { type Followers, tellServer } from "./Followers.ts"

export interface Session {
  readonly handle: (request: Request, body: unknown) => Promise<Response>
}

export interface Sessions {
  /** The caller's session of that id; null where there is none of theirs. */
  readonly find: (id: string, caller: Caller) => Session | null
  /** For an `initialize`, which names it when it is answered. */
  readonly open: (caller: Caller) => Promise<Session>
  readonly count: () => number
  /** Ends all of them, with the calls in them. */
  readonly close: Effect.Effect<void>
}

export interface Options {
  readonly serverOf: (caller: Caller) => Server
  readonly followers: Followers
  /** Sessions at the same time. */
  readonly limit: number
  /** Milliseconds without a request, after which a session ends unless the caller listens. */
  readonly silence: number
}

interface Entry {
  readonly session: Session
  /** Of the key: a session belongs to whoever opened it. */
  readonly key: string | null
  /** Requests under way, streams that are listened to among them. */
  running: number
  /** Milliseconds since the epoch. */
  lastUsed: number
  readonly end: () => Promise<void>
}

const eventsKept = 256
const sweepEvery = "30 seconds"

/** The body of an answer as it is, and a word when it is over. */
const whenOver = (answer: Response, over: () => void): Response => {
  if (answer.body === null) {
    over()
    return answer
  }
  const reader = answer.body.getReader()
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const part = await reader.read()
      if (!part.done) return controller.enqueue(part.value)
      over()
      controller.close()
    },
    cancel: async (reason) => {
      over()
      await reader.cancel(reason)
    }
  })
  return new Response(body, { status: answer.status, headers: answer.headers })
}

/** Sessions end with the scope. */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Sessions, never, Scope.Scope> {
  const { followers, limit, serverOf, silence } = options
  const clock = yield* Effect.clock
  const now = () => clock.unsafeCurrentTimeMillis()
  const entries = new Map<string, Entry>()

  const end = (id: string) => {
    const entry = entries.get(id)
    entries.delete(id)
    return entry === undefined ? Promise.resolve() : entry.end()
  }
  const isIdle = ({ running }: Entry) => running === 0

  const sweep = Effect.flatMap(Clock.currentTimeMillis, (time) =>
    Effect.promise(async () => {
      for (const [id, entry] of entries) if (isIdle(entry) && time - entry.lastUsed >= silence) await end(id)
    })
  )
  yield* Effect.forkScoped(Effect.forever(Effect.delay(sweep, sweepEvery)))

  const makeRoom = async () => {
    if (entries.size < limit) return
    const idlest = [...entries]
      .filter(([, entry]) => isIdle(entry))
      .toSorted(([, one], [, other]) => one.lastUsed - other.lastUsed)[0]
    // Where all of them are at work the oldest goes: it can be opened anew.
    const id = idlest?.[0] ?? entries.keys().next().value
    if (id !== undefined) await end(id)
  }

  const open = async (caller: Caller): Promise<Session> => {
    await makeRoom()
    const server = serverOf(caller)
    const unfollow = followers.add(tellServer(server))
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: EventLog.make(eventsKept),
      onsessioninitialized: (id) => void entries.set(id, entry),
      onsessionclosed: (id) => void entries.delete(id)
    })
    await server.connect(transport)
    const handle: Session["handle"] = async (request, parsedBody) => {
      entry.running += 1
      let counted = true
      const over = () => {
        if (counted) entry.running -= 1
        counted = false
        entry.lastUsed = now()
      }
      try {
        const answer = await transport.handleRequest(request, parsedBody === undefined ? {} : { parsedBody })
        return whenOver(answer, over)
      } catch (error) {
        over()
        throw error
      } finally {
        // An `initialize` that was refused names no session.
        if (transport.sessionId === undefined) await entry.end()
      }
    }
    const entry: Entry = {
      session: { handle },
      key: caller.key,
      running: 0,
      lastUsed: now(),
      end: async () => {
        unfollow()
        await server.close()
      }
    }
    server.onclose = unfollow
    return entry.session
  }

  const close = Effect.promise(async () => {
    await Promise.all([...entries.keys()].map(end))
  })
  yield* Effect.addFinalizer(() => close)

  return {
    open,
    close,
    count: () => entries.size,
    find: (id, caller) => {
      const entry = entries.get(id)
      return entry === undefined || entry.key !== caller.key ? null : entry.session
    }
  }
})
