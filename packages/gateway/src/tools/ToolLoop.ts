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
import type { Caller } from "@penstock/schema/api/Caller"
import type { AssistantPart, ChatRequest, Message, ToolCallPart, ToolResultPart } from "@penstock/schema/ChatRequest"
import type { Completion, FinishReason } from "@penstock/schema/Completion"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { RequestId } from "@penstock/schema/Ids"
import { NanoDollars } from "@penstock/schema/Money"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Demand from "../budgets/Demand.ts"
import type { Call, Head, Sink } from "../exchange/Call.ts"
import * as Lanes from "../exchange/Lanes.ts"
import { Gateway } from "../Gateway.ts"
import { mayNotUse, mayUse } from "../keys/Keys.ts"
import { PriceBook } from "../ledger/PriceBook.ts"
import type { HubTool } from "../mcp/Catalogue.ts"
import { McpHub } from "../mcp/McpHub.ts"
import * as ChooseProtocol from "../providers/ChooseProtocol.ts"
import { speaking } from "../providers/Provider.ts"
import * as RequestIds from "../RequestId.ts"
import * as Needs from "../routing/Needs.ts"
import { Settings } from "../Settings.ts"
import { isObject, parse } from "../wire/Json.ts"
import { JoinedAnswer } from "./JoinedAnswer.ts"
import type { McpSelection } from "./McpSelection.ts"
import * as ResolveTools from "./ResolveTools.ts"
import * as Toolbox from "./Toolbox.ts"
import { ToolCalls } from "./ToolCalls.ts"
import * as ToolOutcome from "./ToolOutcome.ts"
import * as TurnMemory from "./TurnMemory.ts"

/** A call whose request names MCP tools. */
export interface Asked extends Pick<
  Call<unknown>,
  "id" | "arrivedAt" | "caller" | "endpoint" | "model" | "stream" | "standing"
> {
  /** Without the MCP tools. */
  readonly request: ChatRequest
  readonly selection: McpSelection
  /** Whether the caller's wire runs all texts of an answer into one. */
  readonly runsTogether: boolean
}

/** What a tool is doing, for whoever watches. */
export interface Activity {
  readonly server: string
  readonly tool: string
  readonly status: "called" | "ok" | "error"
  /** With the end of a call. */
  readonly millis?: number
}

/** Takes the joined answer. `begin` is called once for a stream, with what is known of the first turn. */
export interface AnswerSink extends Sink<ReadonlyArray<StreamEvent>> {
  readonly activity: (activity: Activity) => void
  /** The head as it is at the end, all turns together, before `end`. */
  readonly complete: (head: Head, turns: number) => void
}

export interface Service {
  /**
   * Fails before anything is sent where the selection cannot be had, and as `Gateway.run` does. A tool that fails is told
   * to the model. Interruption aborts the provider, or cancels the tools that run.
   */
  readonly run: (asked: Asked, sink: AnswerSink) => Effect.Effect<void, GatewayError.GatewayError>
}

export class ToolLoop extends Context.Tag("@penstock/gateway/tools/ToolLoop")<ToolLoop, Service>() {}

/** Calls of one turn that run at once. */
const concurrency = 8

const endless = GatewayError.make("invalid_response", "The provider's answer has no end.")

const isCall = (part: AssistantPart): part is ToolCallPart => part.type === "tool-call"

/** An answer that was broken off, or withheld, may end in the middle of a call. */
const isSound = ({ finishReason }: Completion): boolean => finishReason === "tool_calls" || finishReason === "stop"

/** All turns together, as far as they have come. */
const joinedHead = (before: Head | null, head: Head): Head => ({
  ...head,
  attempts: (before?.attempts ?? 0) + head.attempts,
  fallback: (before?.fallback ?? false) || head.fallback,
  dropped: [...new Set([...(before?.dropped ?? []), ...head.dropped])]
})

/** Null once the cost of any part is unknown. */
const added = (sum: Head["cost"], cost: Head["cost"]): Head["cost"] =>
  sum === null || cost === null ? null : NanoDollars.make(sum + cost)

/** A choice that forces a call is for the first turn: in every turn it would never end. */
const laterChoice = (choice: ChatRequest["toolChoice"]): ChatRequest["toolChoice"] =>
  choice === undefined || choice === "none" ? choice : "auto"

const make = Effect.gen(function* () {
  const gateway = yield* Gateway
  const hub = yield* McpHub
  const calls = yield* ToolCalls
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
      ...(id === asked.id && asked.standing !== undefined ? { standing: asked.standing } : {}),
      demand: () => Demand.ofRequest(request),
      needs: () => Needs.of(request),
      lane: (provider, target) => {
        const facts = prices.facts({ provider: provider.name, model: target })
        const options = { model: target, maxOutputTokens: facts.maxOutputTokens }
        const fittest = ChooseProtocol.fittest(provider.spoken, request, options)
        return Lanes.neutral(speaking(provider, fittest), target, request, facts)
      }
    }
    return call
  }

  /** What a call came to, for the model; a failure of whatever kind is an answer too. */
  const execute = (caller: Caller, box: Toolbox.Toolbox, sink: AnswerSink, call: ToolCallPart) => {
    const args = call.arguments.trim() === "" ? {} : parse(call.arguments)
    const own = box.own(call.name, args)
    if (own !== null) return Effect.succeed(ToolOutcome.ofText(call.id, own))
    const tool = box.find(call.name)
    if (tool === null || !isObject(args)) {
      return Effect.succeed(ToolOutcome.ofText(call.id, "The arguments are not a JSON object. Call it again.", true))
    }
    return executeTool(caller, tool, sink, call.id, args)
  }

  const executeTool = Effect.fnUntraced(function* (
    caller: Caller,
    { server, tool }: HubTool,
    sink: AnswerSink,
    callId: string,
    args: Parameters<typeof hub.call>[2]
  ) {
    const startedAt = yield* Clock.currentTimeMillis
    sink.activity({ server, tool, status: "called" })
    const outcome: ToolResultPart = yield* Effect.match(calls.call({ caller, server, tool, args }), {
      onFailure: ({ message }) => ToolOutcome.ofText(callId, message, true),
      onSuccess: (result) => ToolOutcome.ofResult(callId, result)
    })
    const millis = Math.max(0, (yield* Clock.currentTimeMillis) - startedAt)
    sink.activity({ server, tool, status: outcome.isError === true ? "error" : "ok", millis })
    return outcome
  })

  const run: Service["run"] = Effect.fnUntraced(function* (asked, sink) {
    const { caller, request, selection } = asked
    if (!mayUse(caller, asked.model)) return yield* mayNotUse(caller, asked.model)
    const mine = request.tools ?? []
    const reserved = new Set(mine.map(({ name }) => name))
    const box = Toolbox.all(yield* ResolveTools.resolve(hub, caller, selection.wanted, reserved))
    const limit = settings.current().mcp.max_turns
    const maxTurns = Math.min(selection.maxTurns ?? limit, limit)
    const joined = new JoinedAnswer({ isOwn: box.has, runsTogether: asked.runsTogether })
    const [first, ...others] = request.messages
    const recalled = memory.recall(caller.key, [first, ...others])
    const appended: Array<Message> = []
    let head: Head | null = null
    let cost: Head["cost"] = NanoDollars.make(0)

    const ask = Effect.fnUntraced(function* (turn: number) {
      const tools = [...mine, ...box.offered()]
      const choice = turn === 1 ? request.toolChoice : laterChoice(request.toolChoice)
      const isLast = turn === maxTurns && turn > 1
      const { toolChoice: _, tools: __, ...rest } = request
      const toolChoice = isLast ? "none" : choice
      const asking: ChatRequest = {
        ...rest,
        messages: nonEmpty(first, [...recalled, ...appended]),
        stream: asked.stream,
        ...(tools.length === 0 ? {} : { tools, ...(toolChoice === undefined ? {} : { toolChoice }) })
      }
      const id = turn === 1 ? asked.id : yield* RequestIds.next
      const arrivedAt = turn === 1 ? asked.arrivedAt : yield* Clock.currentTimeMillis
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

    const finish = (turns: number, reason: FinishReason, stopSequence?: string) =>
      Effect.sync(() => {
        if (head !== null) sink.complete({ ...head, cost }, turns)
        sink.write(joined.end(reason, stopSequence))
        sink.end(cost)
      })

    const step = (turn: number): Effect.Effect<void, GatewayError.GatewayError> =>
      Effect.flatMap(ask(turn), (answer) => {
        const called = answer.content.filter(isCall)
        const ours = isSound(answer) ? called.filter(({ name }) => box.has(name)) : []
        const theirs = called.filter(({ name }) => !box.has(name))
        const goesOn = ours.length > 0 && theirs.length === 0
        // It was told to call nothing more.
        if (goesOn && turn >= maxTurns) return finish(turn, "length")
        return Effect.flatMap(
          Effect.forEach(ours, (call) => execute(caller, box, sink, call), { concurrency }),
          (results) => {
            appended.push({ role: "assistant", content: answer.content })
            if (results.length > 0) appended.push({ role: "tool", content: results })
            if (goesOn) return step(turn + 1)
            const ids = theirs.map(({ id }) => id)
            if (ids.length > 0 && appended.length > 1) memory.keep(caller.key, request.messages, ids, appended)
            return finish(turn, answer.finishReason, answer.stopSequence)
          }
        )
      })
    yield* step(1)
  })

  const service: Service = { run }
  return service
})

const nonEmpty = (first: Message, [head, ...tail]: ReadonlyArray<Message>): ChatRequest["messages"] => [
  head ?? first,
  ...tail
]

export const layer: Layer.Layer<ToolLoop, never, Gateway | McpHub | ToolCalls | PriceBook | Settings> = Layer.effect(
  ToolLoop,
  make
)
