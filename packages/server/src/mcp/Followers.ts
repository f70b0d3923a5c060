/** The conversations that are told when a list has changed. */
import type { Server } from "@modelcontextprotocol/server"
import type { ListKind } from "@penstock/gateway/mcp/Library"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Offering } from "./Offering.ts"

export type Tell = (kind: ListKind) => void

export interface Followers {
  /** Until the function that is returned is called. */
  readonly add: (tell: Tell) => () => void
}

/** Changes often come together: a server that starts anew changes all of its lists. */
const together = "100 millis"

/** One that cannot be told has gone; its end is noticed elsewhere. */
export const tellServer =
  (server: Server): Tell =>
  (kind) => {
    const told = {
      tools: () => server.sendToolListChanged(),
      resources: () => server.sendResourceListChanged(),
      prompts: () => server.sendPromptListChanged()
    }[kind]()
    told.catch(() => {})
  }

/** Tells while the scope is open. */
export const make = Effect.fnUntraced(function* ({
  changes
}: Offering): Effect.fn.Return<Followers, never, Scope.Scope> {
  const followers = new Set<Tell>()
  const queue = yield* changes
  const tellAll = Effect.gen(function* () {
    const first = yield* Queue.take(queue)
    yield* Effect.sleep(together)
    const kinds = new Set([first, ...(yield* Queue.takeAll(queue))])
    for (const kind of kinds) for (const tell of followers) tell(kind)
  })
  yield* Effect.forkScoped(Effect.forever(tellAll))
  return {
    add: (tell) => {
      followers.add(tell)
      return () => void followers.delete(tell)
    }
  }
})
