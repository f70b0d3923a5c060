/** What is told of runs when they end. Their rows are read then, by a fiber of its own: a run does not wait for it. */
import { Feed } from "@penstock/workflow/runtime/Feed"
import type { RunRecord, StepRecord } from "@penstock/workflow/runtime/RunRecord"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export const each = Effect.fnUntraced(function* (tell: (run: RunRecord, steps: ReadonlyArray<StepRecord>) => void) {
  const feed = yield* Feed
  const store = yield* RunStore
  const ended = yield* feed.ended
  yield* Stream.fromQueue(ended).pipe(
    Stream.runForEach((id) =>
      Effect.all([store.run(id), store.steps(id)]).pipe(
        Effect.map(([run, steps]) => (run === null ? undefined : tell(run, steps))),
        Effect.catchAllCause((cause) => Effect.logWarning("A run that has ended could not be told of.", cause))
      )
    ),
    Effect.interruptible,
    Effect.forkScoped
  )
})
