/** A gateway that answers from a script, and a ledger that knows what its answers cost. */
import * as Gateway from "@penstock/gateway/Gateway"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import * as GatewayError from "@penstock/schema/GatewayError"
import { unfold } from "@penstock/schema/StreamEvent"
import * as Usage from "@penstock/schema/Usage"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"

export interface Answer {
  readonly text?: string
  readonly fail?: GatewayError.Reason
  readonly call?: { readonly name: string; readonly arguments: unknown }
  /** How long it takes. */
  readonly millis?: number
  readonly hang?: boolean
}

/** What a prompt is answered with: the answers of the first script whose words are in it, one after the other. */
export interface Script {
  readonly [words: string]: ReadonlyArray<Answer>
}

/** Each answer costs 1000 nano-dollars, 10 tokens in and 5 out. */
export const cost = 1000

export const make = (script: Script = {}) => {
  const requests: Array<ChatRequest> = []
  const seen = { running: 0, most: 0 }
  const left = new Map(Object.entries(script).map(([words, answers]) => [words, [...answers]]))
  const costs = new Map<string, number>()
  const answerOf = (request: ChatRequest): Answer => {
    const said = JSON.stringify(request.messages)
    for (const [words, answers] of left) {
      if (said.includes(words) && answers.length > 0) return answers.length > 1 ? answers.shift()! : answers[0]!
    }
    return {
      text: `answer to ${JSON.stringify(
        request.messages
          .at(-1)
          ?.content.map((part) => ("text" in part ? part.text : ""))
          .join("")
      )}`
    }
  }
  const stream: Gateway.Service["stream"] = (request, options) =>
    Stream.unwrap(
      Effect.gen(function* () {
        requests.push(request)
        const answer = answerOf(request)
        seen.running += 1
        seen.most = Math.max(seen.most, seen.running)
        const ended = Effect.sync(() => void (seen.running -= 1))
        if (answer.hang === true) return yield* Effect.ensuring(Effect.never, ended)
        yield* Effect.ensuring(answer.millis === undefined ? Effect.yieldNow() : Effect.sleep(answer.millis), ended)
        if (answer.fail !== undefined) return Stream.fail(GatewayError.make(answer.fail, `scripted ${answer.fail}`))
        costs.set(options?.id ?? "", cost)
        const completion: Completion = {
          id: "a",
          model: request.model,
          content:
            answer.call === undefined
              ? [{ type: "text", text: answer.text ?? "" }]
              : [
                  {
                    type: "tool-call",
                    id: "c",
                    name: answer.call.name,
                    arguments: JSON.stringify(answer.call.arguments)
                  }
                ],
          finishReason: answer.call === undefined ? "stop" : "tool_calls",
          usage: Usage.make({ input: 10, output: 5 })
        }
        return Stream.fromIterable(unfold(completion))
      })
    )
  /** 20 for the question, and 30 for an answer without a limit. */
  const mostTokens: Gateway.Service["mostTokens"] = ({ maxTokens = 30 }) => Effect.succeed(20 + maxTokens)
  const layer = Layer.merge(
    Layer.succeed(Gateway.Gateway, { stream, mostTokens } as unknown as Gateway.Service),
    Layer.succeed(Ledger, {
      flush: Effect.void,
      request: (id: string) =>
        Effect.succeed(costs.has(id) ? { request: { cost_nanousd: costs.get(id) }, attempts: [] } : null)
    } as unknown as typeof Ledger.Service)
  )
  return { layer, requests, seen }
}
