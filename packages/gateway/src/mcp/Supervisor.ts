/**
 * Keeps one server running: carries out what `ServerState.ts` decides. One fiber owns the state, and everything that
 * happens reaches it as an event. A session is a fiber too: what ends it, ends whatever it opened.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { ConnectionFailure } from "./Connection.ts"
import { type ListKind, listKinds } from "./Library.ts"
import * as ServerState from "./ServerState.ts"
import * as Session from "./Session.ts"

export interface Supervisor {
  readonly state: () => ServerState.ServerState
  /** The session in force; null while there is none. */
  readonly session: () => Session.Session | null
  /** Starts the server if need be and waits until it is ready, or has failed to get there. */
  readonly acquire: Effect.Effect<Session.Session, ConnectionFailure>
  /** Tells that a session is of no use any more. Does nothing if another is in force. */
  readonly lose: (session: Session.Session, why: string) => Effect.Effect<void>
}

export interface Options {
  readonly policy: ServerState.Policy
  /** Milliseconds that a start may take, and as many for the list of tools. */
  readonly startTimeout: number
  readonly connect: Session.Connect
  /** Called synchronously when the state has changed. */
  readonly changed: () => void
  /** Called synchronously when a list may have changed: the server says so, or is back. */
  readonly listChanged: (kind: ListKind) => void
}

const closed = (message: string) => new ConnectionFailure({ kind: "closed", message })

/** The server runs while the scope is open. */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Supervisor, never, Scope.Scope> {
  const { changed, listChanged, policy } = options
  const clock = yield* Effect.clock
  const events = yield* Queue.unbounded<ServerState.ServerEvent>()
  const talking = yield* FiberHandle.make()
  const timer = yield* FiberHandle.make()
  let state = ServerState.initial
  let current: Session.Session | null = null
  let waiters: ReadonlyArray<Deferred.Deferred<Session.Session, ConnectionFailure>> = []
  /** What the last start failed with: the state knows the words and not the kind. */
  let failure = closed("it was not started")
  /** Whether somebody may have seen the lists without what this server offers, or with what it no longer does. */
  let wasAway = false

  const offer = (event: ServerState.ServerEvent) => void Queue.unsafeOffer(events, event)

  const lost = (session: Session.Session, reason: string) => {
    if (session !== current) return
    // At once: whoever asks next must not be given it.
    current = null
    wasAway = true
    offer({ _tag: "Lost", reason, at: clock.unsafeCurrentTimeMillis() })
  }

  const answer = (result: Exit.Exit<Session.Session, ConnectionFailure>) =>
    Effect.suspend(() => {
      const told = waiters
      waiters = []
      return Effect.forEach(told, (waiter) => Deferred.done(waiter, result), { discard: true })
    })

  const failed = (cause: Cause.Cause<ConnectionFailure>) =>
    Effect.gen(function* () {
      const expected = Option.getOrNull(Cause.failureOption(cause))
      if (expected === null) yield* Effect.logError("An MCP server could not be started", cause)
      failure = expected ?? closed("Penstock failed to start it; its log has the cause")
      wasAway = true
      offer({ _tag: "Failed", reason: failure.message })
    })

  /** Lasts as long as the session. */
  const talk = Effect.flatMap(
    Session.open(options.connect, { listChanged, lost }, options.startTimeout),
    ({ follow, session }) => {
      current = session
      offer({ _tag: "Connected", at: clock.unsafeCurrentTimeMillis() })
      if (wasAway) listKinds.forEach(listChanged)
      wasAway = false
      return follow
    }
  ).pipe(
    Effect.scoped,
    Effect.catchAllCause((cause) => (Cause.isInterruptedOnly(cause) ? Effect.void : failed(cause)))
  )

  const carryOut = (command: ServerState.Command): Effect.Effect<unknown> => {
    switch (command._tag) {
      case "Connect":
        // The former one is gone by then: two must not fight for a port or a lock.
        return Effect.zipRight(FiberHandle.clear(talking), FiberHandle.run(talking, talk))
      case "Disconnect":
        current = null
        return FiberHandle.clear(talking)
      case "Wait":
        return FiberHandle.run(
          timer,
          Effect.delay(
            Effect.sync(() => offer({ _tag: "Due" })),
            command.millis
          )
        )
      case "Serve":
        return Effect.suspend(() => {
          if (current !== null) return answer(Exit.succeed(current))
          // Lost before it was served, which is the next event: those who wait want another.
          if (waiters.length > 0) offer({ _tag: "Wanted" })
          return Effect.void
        })
      case "Refuse":
        return answer(Exit.fail(new ConnectionFailure({ kind: failure.kind, message: command.reason })))
    }
  }

  const handle = (event: ServerState.ServerEvent) => {
    const transition = ServerState.next(policy, state, event)
    const isNew = transition.state !== state
    state = transition.state
    if (isNew) changed()
    return Effect.forEach(transition.commands, carryOut, { discard: true })
  }

  yield* Effect.addFinalizer(() => handle({ _tag: "Stop" }))
  // Whoever makes a server may not be interruptible; what it starts must be.
  yield* Effect.forkScoped(Effect.interruptible(Effect.forever(Effect.flatMap(Queue.take(events), handle))))
  if (policy.eager) offer({ _tag: "Wanted" })

  return {
    state: () => state,
    session: () => current,
    acquire: Effect.suspend(() => {
      if (state._tag === "Ready" && current !== null) return Effect.succeed(current)
      if (state._tag === "Stopped") return closed("it was stopped")
      return Effect.flatMap(Deferred.make<Session.Session, ConnectionFailure>(), (waiter) => {
        waiters = [...waiters, waiter]
        offer({ _tag: "Wanted" })
        return Deferred.await(waiter)
      })
    }),
    lose: (session, why) => Effect.sync(() => lost(session, why))
  }
})
