/** `agent` steps, and `llm` steps with tools: conversations, tried and cached like any other step that asks a model. */
import * as Activity from "@effect/workflow/Activity"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { PlanStep } from "../compiler/Plan.ts"
import type { Run, RunList } from "./Body.ts"
import * as Cached from "./Cached.ts"
import * as Conversation from "./Conversation.ts"
import type { Frame } from "./Frame.ts"
import * as Repeated from "./Repeated.ts"
import type { CacheUse } from "@penstock/schema/Run"
import type { Tries } from "./Tries.ts"

const Known = Schema.NullOr(Schema.Struct({ output: Schema.Unknown }))

const attempts = (run: Run, step: PlanStep, path: string, frame: Frame, tries: Tries, runList: RunList) =>
  Repeated.all(run.world, step, path, frame, tries, (action, model, own, inside) =>
    action.type === "agent" || action.type === "llm"
      ? Conversation.hold({ run, step, action, model, path: own, frame: inside, runList }, tries)
      : Effect.dieMessage(`a step of type ${action.type} is no conversation`)
  )

interface Answer {
  readonly output: unknown
  readonly cache: CacheUse
}

/** What was in the cache is written down, because a replay could find something else. */
export const work = Effect.fnUntraced(function* (
  run: Run,
  step: PlanStep,
  path: string,
  frame: Frame,
  tries: Tries,
  runList: RunList
) {
  const { store } = run.world
  const asked = attempts(run, step, path, frame, tries, runList)
  const key = Cached.keyOf(run.world, step, frame)
  if (key === null) return { output: yield* asked, cache: null } satisfies Answer
  const known = yield* Activity.make({ name: `${path}#cached`, success: Known, execute: store.cached(key.hash) })
  if (known !== null) return { output: known.output, cache: "hit" } satisfies Answer
  const output = yield* asked
  yield* Cached.put(run.world, key, output)
  return { output, cache: "miss" } satisfies Answer
})
