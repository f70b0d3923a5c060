/** `mcp_tool` and `http` steps. */
import * as Effect from "effect/Effect"
import { isReadonlyRecord } from "effect/Predicate"
import type { ActionOf, PlanStep } from "../compiler/Plan.ts"
import * as Asker from "./Asker.ts"
import type { Frame } from "./Frame.ts"
import * as StepError from "./StepError.ts"
import * as Tools from "./Tools.ts"
import type { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

/** What makes two calls one: the step's own key, else this step of this run. */
const keyOf = (world: World, step: PlanStep, path: string, frame: Frame) =>
  step.idempotencyKey === null
    ? Effect.succeed(`${world.runId}/${path}`)
    : Effect.map(frame.evaluate(step.idempotencyKey, step.id), (key) =>
        typeof key === "string" ? key : JSON.stringify(key)
      )

export const callTool = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  action: ActionOf<"mcp_tool">,
  frame: Frame,
  tries: Tries
) {
  const params = yield* frame.evaluate(action.params, step.id, { secrets: world.secrets() })
  const idempotencyKey = yield* keyOf(world, step, path, frame)
  const result = yield* Effect.mapError(
    world.tools.call(action.server, action.tool, params, Asker.of(world, path, frame.place.budgets), {
      idempotencyKey
    }),
    ({ message, reason }) => StepError.make(step.id, reason, message)
  )
  tries.addCost(result.cost)
  const output = Tools.outputOf(result)
  if (!result.isError) return output
  return yield* StepError.make(step.id, "tool_error", typeof output === "string" ? output : JSON.stringify(output))
})

const headersOf = (value: unknown): { readonly [name: string]: string } =>
  isReadonlyRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)])) : {}

const reasonOf = (status: number): StepError.Reason => {
  if (status === 429) return "rate_limit"
  if (status === 408 || status === 504) return "timeout"
  if (status === 401 || status === 403) return "authentication"
  return status >= 500 ? "server" : "invalid_request"
}

export const sendRequest = Effect.fnUntraced(function* (
  world: World,
  step: PlanStep,
  path: string,
  action: ActionOf<"http">,
  frame: Frame
) {
  const secrets = { secrets: world.secrets() }
  const url = String(yield* frame.evaluate(action.url, step.id))
  const headers = headersOf(yield* frame.evaluate(action.headers, step.id, secrets))
  const body = action.body === null ? null : yield* frame.evaluate(action.body, step.id, secrets)
  const key = step.idempotencyKey === null ? {} : { "idempotency-key": yield* keyOf(world, step, path, frame) }
  const response = yield* Effect.mapError(
    world.http.send({ method: action.method, url, headers: { ...key, ...headers }, body }),
    ({ message, reason }) => StepError.make(step.id, reason, message)
  )
  // `on_error: continue` takes any answer for one.
  if (response.status < 400 || step.onError === "continue") return response
  return yield* StepError.make(
    step.id,
    reasonOf(response.status),
    `${action.method} ${url} answered ${response.status}`
  )
})
