/** `llm` steps: one question, one answer. */
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import * as Effect from "effect/Effect"
import type { ActionOf } from "../compiler/Plan.ts"
import type { Frame } from "./Frame.ts"
import * as Model from "./Model.ts"
import * as StepError from "./StepError.ts"
import * as Structured from "./Structured.ts"
import type { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

type Question = ActionOf<"llm"> | ActionOf<"agent">

const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

/** What the step says to the model first. */
export const messagesOf = Effect.fnUntraced(function* (action: Question, frame: Frame, step: string) {
  const messages: Array<Message> = []
  if (action.system !== null) messages.push(Model.system(asText(yield* frame.evaluate(action.system, step))))
  if (action.type === "llm" && action.messages !== null) {
    messages.push(...(yield* Model.readMessages(yield* frame.evaluate(action.messages, step), step)))
  }
  if (action.prompt !== null) messages.push(Model.user(asText(yield* frame.evaluate(action.prompt, step))))
  return messages
})

export const requestOf = (
  action: Question,
  model: string,
  [first, ...others]: ReadonlyArray<Message>,
  step: string
): Effect.Effect<ChatRequest, StepError.StepError> =>
  first === undefined
    ? Effect.fail(StepError.make(step, "invalid_request", "there is nothing to ask: no prompt and no messages", 0))
    : Effect.succeed({
        model,
        messages: [first, ...others],
        ...(action.outputSchema === null ? {} : { responseFormat: Structured.responseFormat(action.outputSchema) }),
        ...(action.temperature === null ? {} : { temperature: action.temperature }),
        ...(action.maxTokens === null ? {} : { maxTokens: action.maxTokens }),
        extra: {}
      })

export const ask = Effect.fnUntraced(function* (
  world: World,
  place: Model.Place,
  action: ActionOf<"llm">,
  model: string,
  frame: Frame,
  tries: Tries
) {
  const messages = [...(yield* messagesOf(action, frame, place.step)), ...Structured.again(tries.feedback)]
  const completion = yield* Model.call(world, place, yield* requestOf(action, model, messages, place.step), tries)
  const text = Model.textOf(completion)
  if (action.outputSchema === null) return text
  return yield* Structured.read(text, action.outputSchema, place.step, tries)
})
