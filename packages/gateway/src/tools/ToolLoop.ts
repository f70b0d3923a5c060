/**
 * One answer in several turns: the model is asked, the MCP tools that it calls are called, it is asked again with what
 * they said, until it has done without. At the level of neutral events, so that it is the same for every dialect and
 * every provider.
 *
 * Each turn is a request of its own to the gateway: routed, held in its budgets before it is sent, with its row in the
 * ledger. The first has the id that the caller knows.
 *
 * Calls of the caller's own tools end the answer. MCP tools that are called beside them are called nevertheless, and what
 * they said is remembered until the caller comes back (`TurnMemory`).
 */
import type { AssistantPart, ChatRequest, Message, ToolCallPart } from "@penstock/schema/ChatRequest"
import type { Completion, FinishReason } from "@penstock/schema/Completion"
import type { McpConfig } from "@penstock/schema/config/Mcp"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import { NanoDollars } from "@penstock/schema/Money"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Demand from "../budgets/Demand.ts"
import type { Call, Head } from "../exchange/Call.ts"
import * as Tracing from "../exchange/Tracing.ts"
import * as Lanes from "../exchange/Lanes.ts"
import { Gateway } from "../Gateway.ts"
import { mayNotUse, mayUse } from "../keys/Keys.ts"
import { Ledger } from "../ledger/Ledger.ts"
import { PriceBook } from "../ledger/PriceBook.ts"
import type { HubTool } from "../mcp/Catalogue.ts"
import { McpHub } from "../mcp/McpHub.ts"
import * as RequestIds from "../RequestId.ts"
import * as Needs from "../routing/Needs.ts"
import { Settings } from "../Settings.ts"
import type { AnswerSink } from "./AnswerSink.ts"
import * as DeferredTools from "./DeferredTools.ts"
import * as ExecuteCalls from "./ExecuteCalls.ts"
import { JoinedAnswer } from "./JoinedAnswer.ts"
import type { McpSelection } from "./McpSelection.ts"
import * as ResolveTools from "./ResolveTools.ts"
import * as Toolbox from "./Toolbox.ts"
import { ToolCalls } from "./ToolCalls.ts"
import * as TurnMemory from "./TurnMemory.ts"

/** A call whose request names MCP tools. */
export interface Asked extends Pick<
  Call<unknown>,
  "id" | "arrivedAt" | "caller" | "endpoint" | "model" | "stream" | "standing" | "trace"
> {
  /** Without the MCP tools. */
  readonly request: ChatRequest
  readonly selection: McpSelection
  /** Whether the caller's wire runs all texts of an answer into one. */
  readonly runsTogether: boolean
}

export interface Service {
  /**
   * Fails before anything is sent where the selection cannot be had, and as `Gateway.run` does. A tool that fails is told
   * to the model. Interruption aborts the provider, or cancels the tools that run.
   */
  readonly run: (asked: Asked, sink: AnswerSink) => Effect.Effect<void, GatewayError.GatewayError>
}

export class ToolLoop extends Context.Tag("@penstock/gateway/tools/ToolLoop")<ToolLoop, Service>() {}

const endless = GatewayError.make("invalid_response", "The provider's answer has no end.")

/** What follows the first turn belongs to it. */
const inside = ({ id, trace }: Asked) => (trace === undefined ? undefined : Tracing.below(trace, id))

const isCall = (part: AssistantPart): part is ToolCallPart => part.type === "tool-call"

/** An answer that was broken off, or withheld, may end in the middle of a call. */
const isSound = ({ finishReason }: Completion): boolean => finishReason === "tool_calls" || finishReason === "stop"

/** Milliseconds that a turn after the first waits for the caller's rate: the turns before it would be lost. */
const turnPatience = 30_000

/** All turns together, as far as they have come. */
const joinedHead = (before: Head | null, head: Head): Head => ({
  ...head,
  attempts: (before?.attempts ?? 0) + head.attempts,
  fallback: (before?.fallback ?? false) || head.fallback,
  dropped: [...new Set([...(before?.dropped ?? []), ...head.dropped])]
})

/** Null once the cost of any turn is unknown. */
const added = (sum: Head["cost"], cost: Head["cost"]): Head["cost"] =>
  sum === null || cost === null ? null : NanoDollars.make(sum + cost)

/**
 * What a turn may call. A choice that forces a call is for the first: in every turn it would never end. And the last may
 * call nothing more, so that the answer has an end in words.
 */
const choiceOf = (choice: ChatRequest["toolChoice"], turn: number, maxTurns: number): ChatRequest["toolChoice"] => {
  if (turn === 1) return choice
  if (turn === maxTurns) return "none"
  return choice === undefined || choice === "none" ? choice : "auto"
}

/** The request as a turn sends it. */
const turnOf = (
  { request, stream }: Asked,
  offered: ChatRequest["tools"],
  messages: ReadonlyArray<Message>,
  toolChoice: ChatRequest["toolChoice"]
): ChatRequest => {
  const { messages: asked, toolChoice: _, tools: own = [], ...rest } = request
  const tools = [...own, ...(offered ?? [])]
  const [first = asked[0], ...others] = messages
  return {
    ...rest,
    messages: [first, ...others],
    stream,
    ...(tools.length === 0 ? {} : { tools, ...(toolChoice === undefined ? {} : { toolChoice }) })
  }
}

/** The tools that the conversation has called, and the one that the request wants called. */
const wantedIn = ({ toolChoice }: ChatRequest, messages: ReadonlyArray<Message>): ReadonlyArray<string> => [
  ...messages.flatMap((message) =>
    message.role === "assistant" ? message.content.filter(isCall).map(({ name }) => name) : []
  ),
  ...(typeof toolChoice === "object" ? [toolChoice.tool] : [])
]

const boxOf = (
  defer: McpConfig["defer"],
  tools: ReadonlyArray<HubTool>,
  options: DeferredTools.Options
): Toolbox.Toolbox =>
  tools.length > 0 && (defer === "always" || (defer === "auto" && DeferredTools.isLong(tools)))
    ? DeferredTools.make(tools, options)
    : Toolbox.all(tools)

const make = Effect.gen(function* () {
  const gateway = yield* Gateway
  const hub = yield* McpHub
  const calls = yield* ToolCalls
  const ledger = yield* Ledger
  const prices = yield* PriceBook
  const settings = yield* Settings
  const memory = yield* TurnMemory.make

  const callOf = (asked: Asked, id: RequestId, arrivedAt: number, request: ChatRequest) => {
    const { caller, endpoint, model, stream } = asked
    const call: Call<ReadonlyArray<StreamEvent>> = {
      id,
      arrivedAt,
      caller,
      endpoint,
      workflowName: null,
      model,
      stream,
      trace: id === asked.id ? asked.trace : inside(asked),
      ...(id === asked.id ? {} : { patience: turnPatience }),
      ...(id === asked.id && asked.standing !== undefined ? { standing: asked.standing } : {}),
      demand: () => Demand.ofRequest(request),
      asked: () => Either.right(request),
      heard: (out) => out.flat(),
      needs: () => Needs.of(request),
      lane: (provider, target) =>
        Lanes.neutral(provider, target, request, prices.facts({ provider: provider.name, model: target }))
    }
    return call
  }

  const run: Service["run"] = Effect.fnUntraced(function* (asked, sink) {
    const { caller, request, selection } = asked
    if (!mayUse(caller, asked.model)) return yield* mayNotUse(caller, asked.model)
    const reserved = new Set((request.tools ?? []).map(({ name }) => name))
    const recalled = memory.recall(caller.key, request.messages)
    const { defer, max_turns: limit } = settings.current().mcp
    const tools = yield* ResolveTools.resolve(hub, caller, selection.wanted, reserved)
    const box = boxOf(defer, tools, { reserved, wanted: wantedIn(request, recalled) })
    const maxTurns = Math.min(selection.maxTurns ?? limit, limit)
    const joined = new JoinedAnswer({ isOwn: box.has, runsTogether: asked.runsTogether })
    const appended: Array<Message> = []
    let head: Head | null = null
    let cost: Head["cost"] = NanoDollars.make(0)

    const ask = Effect.fnUntraced(function* (turn: number) {
      const choice = choiceOf(request.toolChoice, turn, maxTurns)
      const asking = turnOf(asked, box.offered(), [...recalled, ...appended], choice)
      const arrivedAt = turn === 1 ? asked.arrivedAt : yield* Clock.currentTimeMillis
      const id = turn === 1 ? asked.id : RequestIds.at(arrivedAt)
      if (turn > 1) yield* ledger.recordTurn({ id, parent: asked.id, number: turn })
      let turnCost: Head["cost"] = null
      yield* gateway.run(callOf(asked, id, arrivedAt, asking), {
        begin: (begun) => {
          if (head === null && asked.stream) sink.begin(begun)
          head = joinedHead(head, begun)
        },
        write: (events) => {
          const out = joined.push(events)
          return out.length === 0 || sink.write(out)
        },
        onDrain: sink.onDrain,
        end: (total) => {
          turnCost = total
        }
      })
      cost = added(cost, turnCost)
      return joined.turn() ?? (yield* endless)
    })

    const execute = Effect.fnUntraced(function* (turn: number, called: ReadonlyArray<ToolCallPart>) {
      const within = { request: asked.id, turn, trace: inside(asked) }
      const executed = yield* ExecuteCalls.all(calls, { caller, within, box, sink }, called)
      for (const each of executed) if (each.cost !== null) cost = added(cost, each.cost)
      return executed.map(({ outcome }) => outcome)
    })

    const finish = (turns: number, reason: FinishReason, stopSequence?: string): void => {
      if (head !== null) sink.complete({ ...head, cost, turns })
      sink.write(joined.end(reason, stopSequence))
      sink.end(cost)
    }

    for (let turn = 1; ; turn++) {
      const answer = yield* ask(turn)
      const called = answer.content.filter(isCall)
      const ours = isSound(answer) ? called.filter(({ name }) => box.has(name)) : []
      const theirs = called.filter(({ name }) => !box.has(name))
      const goesOn = ours.length > 0 && theirs.length === 0
      // It was told to call nothing more.
      if (goesOn && turn >= maxTurns) return finish(turn, "length")
      const results = yield* execute(turn, ours)
      appended.push({ role: "assistant", content: answer.content })
      if (results.length > 0) appended.push({ role: "tool", content: results })
      if (goesOn) continue
      const ids = theirs.map(({ id }) => id)
      if (ids.length > 0 && appended.length > 1) memory.keep(caller.key, request.messages, ids, appended)
      return finish(turn, answer.finishReason, answer.stopSequence)
    }
  })

  const service: Service = { run }
  return service
})

export const layer: Layer.Layer<ToolLoop, never, Gateway | Ledger | McpHub | ToolCalls | PriceBook | Settings> =
  Layer.effect(ToolLoop, make)
