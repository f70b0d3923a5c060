/** The calls of one turn, at once, and what the model is told of each: a failure of whatever kind is an answer too. */
import type { Caller } from "@penstock/schema/api/Caller"
import type { ToolCallPart, ToolResultPart } from "@penstock/schema/ChatRequest"
import type { NanoDollars } from "@penstock/schema/Money"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { HubTool } from "../mcp/Catalogue.ts"
import { isObject, type JsonObject, parse } from "../wire/Json.ts"
import type { AnswerSink } from "./AnswerSink.ts"
import type { Toolbox } from "./Toolbox.ts"
import type * as ToolCalls from "./ToolCalls.ts"
import * as ToolOutcome from "./ToolOutcome.ts"

export interface Turn {
  readonly caller: Caller
  readonly within: NonNullable<ToolCalls.ToolCall["within"]>
  readonly box: Toolbox
  readonly sink: AnswerSink
}

export interface Executed {
  readonly outcome: ToolResultPart
  /** Null where the tool has no price, or was not called. */
  readonly cost: NanoDollars | null
}

const concurrency = 8

const free = (outcome: ToolResultPart): Executed => ({ outcome, cost: null })

/** A result's text, or that there is none: the model may call again. */
const notAnObject = "The arguments are not a JSON object. Call the tool again with one."

const callTool = Effect.fnUntraced(function* (
  calls: ToolCalls.Service,
  { caller, sink, within }: Turn,
  { server, tool }: HubTool,
  callId: string,
  args: JsonObject
) {
  const startedAt = yield* Clock.currentTimeMillis
  sink.activity({ server, tool, status: "called" })
  const executed: Executed = yield* Effect.match(calls.call({ caller, server, tool, args, within }), {
    onFailure: ({ message }) => free(ToolOutcome.ofText(callId, message, true)),
    onSuccess: ({ cost, result }) => ({ cost, outcome: ToolOutcome.ofResult(callId, result) })
  })
  const millis = Math.max(0, (yield* Clock.currentTimeMillis) - startedAt)
  sink.activity({ server, tool, status: executed.outcome.isError === true ? "error" : "ok", millis })
  return executed
})

const execute = (calls: ToolCalls.Service, turn: Turn, call: ToolCallPart): Effect.Effect<Executed> => {
  const args = call.arguments.trim() === "" ? {} : parse(call.arguments)
  const own = turn.box.own(call.name, args)
  if (own !== null) return Effect.succeed(free(ToolOutcome.ofText(call.id, own)))
  const tool = turn.box.find(call.name)
  return tool === null || !isObject(args)
    ? Effect.succeed(free(ToolOutcome.ofText(call.id, notAnObject, true)))
    : callTool(calls, turn, tool, call.id, args)
}

/** In the order of the calls. Interruption cancels those that run. */
export const all = (
  calls: ToolCalls.Service,
  turn: Turn,
  called: ReadonlyArray<ToolCallPart>
): Effect.Effect<ReadonlyArray<Executed>> =>
  Effect.forEach(called, (call) => execute(calls, turn, call), { concurrency })
