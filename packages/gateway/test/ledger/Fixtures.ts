/** Requests, budgets, settlements and prices for tests. */
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import { RequestId } from "@penstock/schema/Ids"
import type { Attempt, Budget, Hold, Opening, Settlement } from "@penstock/schema/LedgerEntry"
import { NanoDollars } from "@penstock/schema/Money"
import * as Usage from "@penstock/schema/Usage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export const config = Schema.decodeUnknownSync(PenstockConfig)

export const prices = (raw: unknown = {}): Layer.Layer<PriceBook.PriceBook> =>
  Layer.provide(PriceBook.layer, Settings.layer(config(raw)))

/** 2026-03-10T12:00:00Z */
export const noon = Date.UTC(2026, 2, 10, 12)
export const oneDay = 86_400_000

const hex = (number: number) => number.toString(16).padStart(12, "0")

/** As the gateway makes them: the time, and what tells requests of one millisecond apart. */
export const idAt = (startedAt: number, number: number) => RequestId.make(`req_${hex(startedAt)}${hex(number)}`)
export const id = (number: number) => idAt(noon + number, number)

export const opening = (number: number, over: Partial<Opening> = {}): Opening => ({
  id: id(number),
  startedAt: noon + number,
  key: "alice",
  workflowName: null,
  endpoint: "chat.completions",
  requestedModel: "fast",
  provider: "openai",
  model: "gpt-4o-mini",
  stream: false,
  holds: [],
  ...over
})

export const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  provider: "openai",
  model: "gpt-4o-mini",
  outcome: "ok",
  reason: null,
  upstreamStatus: null,
  startedAt: noon,
  latencyMillis: 800,
  firstTokenMillis: 120,
  usage: Usage.make({ input: 100, cacheRead: 20, output: 30, reasoning: 5 }),
  cost: NanoDollars.make(36_000),
  ...over
})

export const settlement = (number: number, over: Partial<Settlement> = {}): Settlement => ({
  id: id(number),
  status: "ok",
  provider: "openai",
  model: "gpt-4o-mini",
  usage: Usage.make({ input: 100, cacheRead: 20, output: 30, reasoning: 5 }),
  estimated: false,
  cost: NanoDollars.make(36_000),
  saved: null,
  latencyMillis: 800,
  firstTokenMillis: 120,
  attempts: [attempt()],
  error: null,
  ...over
})

export const nano = (amount: number) => NanoDollars.make(amount)

export const hold = (amount: number, limit: number, over: Partial<Budget> = {}): Hold => ({
  budget: { scope: "key:alice", limit: nano(limit), per: "day", ...over },
  amount: nano(amount)
})

/** A clock that a test sets, also back. Time does not pass on it by itself; sleeps are real. */
export interface SetClock extends Clock.Clock {
  now: number
}
export const setClock = (now = noon): SetClock => {
  const clock: SetClock = Object.assign(Clock.make(), {
    now,
    unsafeCurrentTimeMillis: () => clock.now,
    currentTimeMillis: Effect.sync(() => clock.now)
  })
  return clock
}
