/** Answers of steps that are kept for equal questions: `cache` in a file. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { hashOf } from "../compiler/Hash.ts"
import type { PlanStep } from "../compiler/Plan.ts"
import { type Frame, readsOf } from "./Frame.ts"
import type { World } from "./World.ts"

export interface Key {
  readonly hash: string
  readonly ttlMillis: number
}

/** Null where nothing is cached, and where what it is to be known by has no value: then the step itself tells so. */
export const keyOf = (world: World, step: PlanStep, frame: Frame): Key | null => {
  if (step.cache === null) return null
  const { key, scope, ttlMillis } = step.cache
  const given = Either.all((key === null ? readsOf(step) : [key]).map((read) => frame.evaluate(read, step.id)))
  if (Either.isLeft(given)) return null
  // The same step of another workflow is another one, unless its file says otherwise.
  const place = scope === "global" ? null : [world.plan.name, step.path]
  return { hash: hashOf([place, settingsOf(step), given.right]), ttlMillis }
}

export const put = ({ store }: World, { hash, ttlMillis }: Key, output: unknown): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => store.putCached(hash, output, now + ttlMillis))

/** What makes two questions different besides what they are given. */
const settingsOf = ({ action }: PlanStep): unknown => {
  switch (action.type) {
    case "llm":
    case "agent":
      return [action.type, action.models, action.outputSchema, action.temperature, action.maxTokens, action.tools]
    case "mcp_tool":
      return [action.type, action.server, action.tool]
    case "http":
      return [action.type, action.method]
    default:
      return action.type
  }
}
