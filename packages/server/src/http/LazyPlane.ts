/**
 * A plane that is loaded and built when somebody first asks for it: what few use costs nobody else memory or time at
 * the start.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { DataPlane } from "../data/DataPlane.ts"

const failed = (response: ServerResponse) =>
  Effect.sync(() => {
    response.writeHead(500, { "content-type": "text/plain; charset=utf-8" })
    response.end("Penstock failed to load what answers here; its log has the cause.\n")
  })

/** `isFor` says which requests the plane will take; what it opens lives as long as this scope. */
export const make = <R>(
  isFor: (request: IncomingMessage) => boolean,
  plane: Effect.Effect<DataPlane, never, R>
): Effect.Effect<DataPlane, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    /** Requests that wait for the plane. */
    const waiting = yield* FiberSet.make<void>()
    const run = yield* FiberSet.runtime(waiting)<never>()
    let made: DataPlane | null = null
    const build = yield* Effect.cached(
      plane.pipe(
        Effect.tap((built) => Effect.sync(() => (made = built))),
        Effect.provide(context)
      )
    )
    const ifMade = (use: (built: DataPlane) => Effect.Effect<void>) =>
      Effect.suspend(() => (made === null ? Effect.void : use(made)))

    return {
      accept: (request, response) => {
        if (made !== null) return made.accept(request, response)
        if (!isFor(request)) return false
        const answer = Effect.map(build, (built) => void built.accept(request, response))
        run(
          Effect.catchAllDefect(answer, (defect) =>
            Effect.zipRight(Effect.logError("A part of the server could not be loaded", defect), failed(response))
          )
        )
        return true
      },
      idle: Effect.zipRight(
        FiberSet.awaitEmpty(waiting),
        ifMade(({ idle }) => idle)
      ),
      interruptAll: Effect.zipRight(
        FiberSet.clear(waiting),
        ifMade(({ interruptAll }) => interruptAll)
      )
    }
  })
