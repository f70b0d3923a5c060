/** One call to a model, through the gateway: its tokens go to the run's listeners, its cost comes from the ledger. */
import * as RequestId from "@penstock/gateway/RequestId"
import type { ChatRequest, Message } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { RequestId as RequestIdType } from "@penstock/schema/Ids"
import type { RequestRow } from "@penstock/schema/LedgerEntry"
import { NanoDollars } from "@penstock/schema/Money"
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import * as Effect from "effect/Effect"
import { isReadonlyRecord } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Asker from "./Asker.ts"
import type { Spent } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"
import type { Budget } from "./TokenBudgets.ts"
import type { Tries } from "./Tries.ts"
import type { World } from "./World.ts"

export interface Place {
  readonly step: string
  readonly path: string
  /** What it is paid from, the run's budget first. */
  readonly budgets: ReadonlyArray<Budget>
}

const tokensOf = ({ spent: { inputTokens, outputTokens } }: Tries): number => inputTokens + outputTokens

/** Of a call that failed, the ledger has what is known: without any tokens that is nothing, and nothing was spent. */
const isUnspent = ({ prompt_tokens, status }: RequestRow): boolean => status === "error" && prompt_tokens === null

/** What the ledger has of the call; a call that never began cost nothing. */
const spentOn = (world: World, id: RequestIdType, usage: Completion["usage"]): Effect.Effect<Spent> =>
  world.ledger.request(id).pipe(
    Effect.map((detail): Spent => {
      const cost = detail === null || isUnspent(detail.request) ? 0 : detail.request.cost_nanousd
      return {
        cost: cost === null ? null : NanoDollars.make(cost),
        inputTokens: usage?.promptTokens ?? detail?.request.prompt_tokens ?? 0,
        outputTokens: usage?.completionTokens ?? detail?.request.completion_tokens ?? 0,
        model: detail?.request.status === "ok" ? `${detail.request.provider}/${detail.request.model}` : null
      }
    }),
    Effect.orDie
  )

export const call = Effect.fnUntraced(function* (world: World, place: Place, request: ChatRequest, tries: Tries) {
  const id = yield* RequestId.next
  const { caller, run, workflow } = Asker.of(world, place.path, place.budgets)
  const events: Array<StreamEvent> = []
  const answer = world.gateway
    .stream(request, {
      id,
      workflowName: workflow,
      ...(caller === null ? {} : { caller }),
      run
    })
    .pipe(
      Stream.runForEach((event) => {
        events.push(event)
        return event.type === "text-delta" ? world.channel.token(place.path, event.text, tries.count) : Effect.void
      }),
      Effect.mapError((error: GatewayError) => StepError.fromGateway(place.step, error))
    )
  // What was cut short has its price too.
  const spent = Effect.suspend(() => spentOn(world, id, fold(events)?.usage ?? null))
  const settled = Effect.ensuring(
    answer,
    Effect.map(spent, (spent) => tries.add(spent))
  )
  const before = tokensOf(tries)
  const used = () => tokensOf(tries) - before
  yield* world.tokens.within(place.budgets, place.step, world.gateway.mostTokens(request), settled, used)
  const completion = fold(events)
  if (completion === null) {
    return yield* StepError.make(place.step, "server", "the provider's answer has no end", tries.count)
  }
  if (completion.finishReason === "content_filter") {
    return yield* StepError.make(place.step, "content_filter", "the provider withheld the answer", tries.count)
  }
  return completion
})

export const textOf = ({ content }: Pick<Completion, "content">): string =>
  content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("")

const textPart = (text: string) => ({ type: "text" as const, text })

export const user = (text: string): Message => ({ role: "user", content: [textPart(text)] })
export const system = (text: string): Message => ({ role: "system", content: [textPart(text)] })
export const assistant = (text: string): Message => ({ role: "assistant", content: [textPart(text)] })

/** A message's content: a text, or parts of `{type: text, text}`. */
const contentOf = (content: unknown): string | null => {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return null
  const texts = content.flatMap((part: unknown) =>
    isReadonlyRecord(part) && part["type"] === "text" && typeof part["text"] === "string" ? [part["text"]] : []
  )
  return texts.length === content.length ? texts.join("\n") : null
}

/** The messages of a file, which are those of chat completions. */
export const readMessages = (
  value: unknown,
  step: string
): Effect.Effect<ReadonlyArray<Message>, StepError.StepError> =>
  Effect.forEach(Array.isArray(value) ? value : [value], (message: unknown, at) => {
    const content = isReadonlyRecord(message) ? contentOf(message["content"]) : null
    const role = isReadonlyRecord(message) ? message["role"] : null
    if (content !== null) {
      if (role === "user") return Effect.succeed(user(content))
      if (role === "assistant") return Effect.succeed(assistant(content))
      if (role === "system" || role === "developer") return Effect.succeed(system(content))
    }
    const expected = "{role: system | user | assistant, content: text}"
    return Effect.fail(StepError.make(step, "invalid_request", `messages[${at}] is not ${expected}`, 0))
  })
