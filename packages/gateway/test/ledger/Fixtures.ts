/** Requests, settlements and prices for tests. */
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import { RequestId } from "@penstock/schema/Ids"
import type { Attempt, Opening, Settlement } from "@penstock/schema/LedgerEntry"
import { NanoDollars } from "@penstock/schema/Money"
import * as Usage from "@penstock/schema/Usage"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export const config = Schema.decodeUnknownSync(PenstockConfig)

export const prices = (raw: unknown = {}): Layer.Layer<PriceBook.PriceBook> =>
  Layer.provide(PriceBook.layer, Settings.layer(config(raw)))

export const id = (number: number) => RequestId.make(`req_${number.toString(16).padStart(24, "0")}`)

/** 2026-03-10T12:00:00Z */
export const noon = Date.UTC(2026, 2, 10, 12)
export const oneDay = 86_400_000

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
