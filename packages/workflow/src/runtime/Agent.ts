/** `agent` steps: a model that calls tools until it has its answer, for a bounded number of turns. */
import type { Message, Tool } from "@penstock/schema/ChatRequest"
import type { ToolCallPart } from "@penstock/schema/ChatRequest"
import * as Effect from "effect/Effect"
import type { ActionOf } from "../compiler/Plan.ts"
import type { Frame } from "./Frame.ts"
import * as Llm from "./Llm.ts"
import * as Model from "./Model.ts"
import * as StepError from "./StepError.ts"
import * as Structured from "./Structured.ts"
import * as Tools from "./Tools.ts"
import type { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

interface Offered {
  readonly server: string
  readonly tool: string
  readonly declared: Tool
}

/** Providers allow letters, digits, `_` and `-` in names, 64 of them. */
const nameOf = (server: string, tool: string): string => `${server}__${tool}`.replaceAll(/[^\w-]/g, "_").slice(0, 64)

const toolError = (step: string, { message, reason }: Tools.ToolFailure): StepError.StepError =>
  StepError.make(step, reason, message)

const offered = Effect.fnUntraced(function* (world: World, action: ActionOf<"agent">, step: string) {
  const all = yield* Effect.forEach(action.tools, (choice) => {
    if (choice._tag === "Workflow") return Effect.succeed([])
    const { server } = choice
    return Effect.map(world.tools.list(server), (tools) =>
      tools
        .filter(({ name }) => choice._tag === "Server" || name === choice.tool)
        .map(({ description, inputSchema, name }): Offered => ({
          server,
          tool: name,
          declared: {
            name: nameOf(server, name),
            ...(description === null ? {} : { description }),
            parameters: { ...inputSchema }
          }
        }))
    )
  }).pipe(Effect.mapError((failure) => toolError(step, failure)))
  return new Map(all.flat().map((tool) => [tool.declared.name, tool]))
})

const parseArguments = (text: string): { readonly value: unknown } | null => {
  try {
    return { value: text === "" ? {} : JSON.parse(text) }
  } catch {
    return null
  }
}

/** What the model is told of its call. A tool that fails tells so, and the model may try otherwise. */
const answerOf = (world: World, tools: ReadonlyMap<string, Offered>, call: ToolCallPart) => {
  const tool = tools.get(call.name)
  if (tool === undefined)
    return Effect.succeed(`There is no tool "${call.name}". There are: ${[...tools.keys()].join(", ")}`)
  const args = parseArguments(call.arguments)
  if (args === null) return Effect.succeed("The arguments are not JSON.")
  return world.tools.call(tool.server, tool.tool, args.value).pipe(
    Effect.map((result) => {
      const output = Tools.outputOf(result)
      return typeof output === "string" ? output : JSON.stringify(output)
    }),
    Effect.catchAll(({ message }) => Effect.succeed(`The tool failed: ${message}`))
  )
}

export const work = Effect.fnUntraced(function* (
  world: World,
  place: Model.Place,
  action: ActionOf<"agent">,
  model: string,
  frame: Frame,
  tries: Tries
) {
  const tools = yield* offered(world, action, place.step)
  const messages: Array<Message> = [
    ...(yield* Llm.messagesOf(action, frame, place.step)),
    ...Structured.again(tries.feedback)
  ]
  for (let turn = 1; turn <= action.maxTurns; turn++) {
    const request = yield* Llm.requestOf(action, model, messages, place.step)
    const declared = [...tools.values()].map(({ declared }) => declared)
    const completion = yield* Model.call(
      world,
      place,
      declared.length === 0 ? request : { ...request, tools: declared },
      tries
    )
    const text = Model.textOf(completion)
    const calls = completion.content.filter((part) => part.type === "tool-call")
    const stop =
      action.stopWhen !== null &&
      (yield* frame.evaluate(action.stopWhen, place.step, { output: text, turn, calls: calls.length })) === true
    if (calls.length === 0 || stop) {
      if (action.outputSchema === null) return text
      return yield* Structured.read(text, action.outputSchema, place.step, tries)
    }
    messages.push({ role: "assistant", content: completion.content })
    const results = yield* Effect.forEach(calls, (call) =>
      Effect.map(answerOf(world, tools, call), (answer) => ({
        type: "tool-result" as const,
        toolCallId: call.id,
        content: [{ type: "text" as const, text: answer }]
      }))
    )
    messages.push({ role: "tool", content: results })
  }
  return yield* StepError.make(
    place.step,
    "failed",
    `the agent has no answer after ${action.maxTurns} turns; raise max_turns or ask for less`,
    tries.count
  )
})
