/**
 * A model that calls tools until it has its answer. Each turn is an activity, and so is each call of a tool: after a
 * crash those that have ended are read, and not done again. A workflow as a tool runs as a part of this run.
 */
import { AssistantPart, type Message, type ToolCallPart } from "@penstock/schema/ChatRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { ActionOf, PlanStep } from "../compiler/Plan.ts"
import * as Asker from "./Asker.ts"
import { Paused, type Run, type RunList } from "./Body.ts"
import { until } from "./Calls.ts"
import type { Frame } from "./Frame.ts"
import * as Leaf from "./Leaf.ts"
import * as Llm from "./Llm.ts"
import * as Model from "./Model.ts"
import * as Offers from "./Offers.ts"
import * as StepError from "./StepError.ts"
import * as Structured from "./Structured.ts"
import * as SubWorkflow from "./SubWorkflow.ts"
import * as Tools from "./Tools.ts"
import { Tries } from "./Tries.ts"

export type Talker = ActionOf<"agent"> | ActionOf<"llm">

interface Talk {
  readonly run: Run
  readonly step: PlanStep
  readonly action: Talker
  readonly model: string
  readonly path: string
  readonly frame: Frame
  readonly runList: RunList
}

/** Of the model; and for each call that it wants, which tool is meant. */
const Turn = Schema.Struct({
  content: Schema.Array(AssistantPart),
  targets: Schema.Array(
    Schema.NullOr(
      Schema.Union(
        Schema.TaggedStruct("Tool", { server: Schema.String, tool: Schema.String }),
        Schema.TaggedStruct("Workflow", { name: Schema.String })
      )
    )
  ),
  offered: Schema.Array(Schema.String)
})
type Turn = typeof Turn.Type
const decodeTurn = Schema.decodeUnknown(Turn)

/** An `llm` step has one round of tools and then answers; an agent has as many as its file says. */
const turnsOf = (action: Talker): number => (action.type === "agent" ? action.maxTurns : 2)

const callsOf = (content: ReadonlyArray<AssistantPart>): ReadonlyArray<ToolCallPart> =>
  content.filter((part) => part.type === "tool-call")

/** One call to the model. Which tools there are is found out in here, too: servers come and go. */
const turn = (
  { action, frame, model, path, run: { world }, step }: Talk,
  number: number,
  messages: ReadonlyArray<Message>
) => {
  const tries = new Tries()
  const place = { step: step.id, path: `${path}/turns[${number}]`, budgets: frame.place.budgets }
  const work = Effect.gen(function* () {
    tries.count = 1
    const offers = yield* Offers.of(world, action.tools, step.id)
    const request = yield* Llm.requestOf(action, model, messages, step.id)
    const tools = offers.length === 0 ? {} : { tools: offers.map(({ declared }) => declared) }
    const last = action.type === "llm" && number === turnsOf(action) ? { toolChoice: "none" as const } : {}
    const { content } = yield* Model.call(world, place, { ...request, ...tools, ...last }, tries)
    const byName = new Map(offers.map(({ declared, target }) => [declared.name, target]))
    return {
      content,
      targets: callsOf(content).map(({ name }) => byName.get(name) ?? null),
      offered: [...byName.keys()]
    } satisfies Turn
  })
  const start = { path: place.path, id: step.id, type: "turn" }
  return Leaf.activity(world, start, tries, until(work, frame.place.deadline, step.id, 1))
}

const parseArguments = (text: string): { readonly value: unknown } | null => {
  try {
    return { value: text === "" ? {} : JSON.parse(text) }
  } catch {
    return null
  }
}

const textOf = (output: unknown): string => (typeof output === "string" ? output : JSON.stringify(output ?? null))

/** What the model is told of its call. A tool that fails tells so, and the model may try otherwise. */
const answer = Effect.fnUntraced(function* (
  talk: Talk,
  path: string,
  call: ToolCallPart,
  { offered, targets }: Turn,
  at: number
) {
  const { frame, run, runList, step } = talk
  const { world } = run
  const target = targets[at] ?? null
  if (target === null) return `There is no tool "${call.name}". There are: ${offered.join(", ")}`
  const args = parseArguments(call.arguments)
  if (args === null) return "The arguments are not JSON."
  if (target._tag === "Workflow") {
    const result = yield* Effect.either(SubWorkflow.invoke(run, step.id, path, target.name, args.value, frame, runList))
    if (Either.isRight(result)) return textOf(result.right)
    if (result.left instanceof Paused || StepError.isFinal(result.left)) return yield* Effect.fail(result.left)
    return `The workflow failed: ${result.left.message}`
  }
  const { server, tool } = target
  const idempotencyKey = `${world.runId}/${path}`
  const tries = new Tries()
  const asker = Asker.of(world, path, frame.place.budgets)
  const work = world.tools.call(server, tool, args.value, asker, { idempotencyKey }).pipe(
    Effect.tap(({ cost }) => tries.addCost(cost)),
    Effect.map((result) =>
      result.isError ? `The tool failed: ${textOf(Tools.outputOf(result))}` : textOf(Tools.outputOf(result))
    ),
    Effect.catchAll(({ message }) => Effect.succeed(`The tool failed: ${message}`))
  )
  const start = { path, id: step.id, type: "tool" }
  const outcome = yield* Leaf.activity(world, start, tries, until(work, frame.place.deadline, step.id, 1))
  const failed = Leaf.errorOf(outcome)
  if (failed !== null) return yield* failed
  return textOf(yield* Leaf.outputOf(world, outcome))
})

const result = ({ id }: ToolCallPart, text: string) =>
  ({ type: "tool-result", toolCallId: id, content: [{ type: "text", text }] }) as const

/** One attempt, from the question to the answer. */
export const hold = Effect.fnUntraced(function* (talk: Talk, tries: Tries) {
  const { action, frame, path, run, step } = talk
  const messages: Array<Message> = [
    ...(yield* Llm.messagesOf(action, frame, step.id)),
    ...Structured.again(tries.feedback)
  ]
  const turns = turnsOf(action)
  for (let number = 1; number <= turns; number++) {
    const outcome = yield* turn(talk, number, messages)
    tries.add(outcome.spent)
    const failed = Leaf.errorOf(outcome)
    if (failed !== null) return yield* failed
    const said = yield* Effect.orDie(decodeTurn(yield* Leaf.outputOf(run.world, outcome)))
    const text = Model.textOf(said)
    const calls = callsOf(said.content)
    if (calls.length === 0 || (yield* stops(talk, { index: number - 1, previous: text }))) {
      if (action.outputSchema === null) return text
      return yield* Structured.read(text, action.outputSchema, step.id, tries)
    }
    if (number === turns) break
    const results = yield* Effect.forEach(calls, (call, at) =>
      Effect.map(answer(talk, `${path}/turns[${number}]/calls[${at}]`, call, said, at), (text) => result(call, text))
    )
    messages.push({ role: "assistant", content: said.content }, { role: "tool", content: results })
  }
  const advice = action.type === "agent" ? "raise max_turns or ask for less" : "make the step an agent"
  return yield* StepError.make(step.id, "failed", `there is no answer after ${turns} turns; ${advice}`, tries.count)
})

/** A turn is a round: `loop.index` is its number, and `loop.previous` what the model said in it. */
const stops = ({ action, frame, step }: Talk, loop: { readonly index: number; readonly previous: string }) =>
  action.type === "agent" && action.stopWhen !== null
    ? Effect.map(frame.evaluate(action.stopWhen, step.id, { loop }), (value) => value === true)
    : Effect.succeed(false)
