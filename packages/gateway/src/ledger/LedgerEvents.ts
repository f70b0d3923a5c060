/**
 * Who is told of what the ledger gets to know, as it happens and within this process. It wraps whatever ledger there is;
 * where nobody wants to know, it is not in the way at all.
 */
import type { Opening, Settlement } from "@penstock/schema/LedgerEntry"
import type { ToolCall } from "@penstock/schema/ToolCallEntry"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Ledger } from "./Ledger.ts"

/** Plain calls, once per request: they must be short and must not throw. */
export interface Listener {
  readonly settled?: (opening: Opening, settlement: Settlement) => void
  readonly toolCalled?: (call: ToolCall) => void
}

export interface Service {
  readonly subscribe: (listener: Listener) => Effect.Effect<void, never, Scope.Scope>
  /** Requests of this process that are open. */
  readonly running: () => number
}

export class LedgerEvents extends Context.Tag("@penstock/gateway/ledger/LedgerEvents")<LedgerEvents, Service>() {}

const make = Effect.map(Ledger, (ledger) => {
  const open = new Map<string, Opening>()
  const listeners = new Set<Listener>()

  const events: Service = {
    running: () => open.size,
    subscribe: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => void listeners.add(listener)),
        () => Effect.sync(() => void listeners.delete(listener))
      )
  }

  const watched: typeof Ledger.Service = {
    ...ledger,
    open: (opening) =>
      Effect.suspend(() => {
        open.set(opening.id, opening)
        return Effect.catchAllCause(ledger.open(opening), (cause) => {
          open.delete(opening.id)
          return Effect.failCause(cause)
        })
      }),
    settle: (settlement) =>
      Effect.suspend(() => {
        const opening = open.get(settlement.id)
        // A second settlement changes nothing, and nobody hears of it.
        if (opening !== undefined && open.delete(settlement.id)) {
          for (const { settled } of listeners) settled?.(opening, settlement)
        }
        return ledger.settle(settlement)
      }),
    recordToolCall: (call) =>
      Effect.zipRight(
        ledger.recordToolCall(call),
        Effect.sync(() => {
          for (const { toolCalled } of listeners) toolCalled?.(call)
        })
      )
  }
  return Context.make(Ledger, watched).pipe(Context.add(LedgerEvents, events))
})

/** The same ledger, watched. */
export const layer: Layer.Layer<Ledger | LedgerEvents, never, Ledger> = Layer.effectContext(make)

/** The ledger as it is: nobody is told of anything. */
export const layerNoop: Layer.Layer<LedgerEvents> = Layer.succeed(LedgerEvents, {
  subscribe: () => Effect.void,
  running: () => 0
})
