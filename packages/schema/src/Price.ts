/** What a model costs, and what a call cost. */
import * as Schema from "effect/Schema"
import { type NanoDollars, nanoDollars, PicoDollarsPerToken } from "./Money.ts"
import { type Bucket, buckets, type Usage } from "./Usage.ts"

const Rate = PicoDollarsPerToken

/** One rate per usage bucket, in pico-dollars per token. */
export class Price extends Schema.Class<Price>("Price")({
  input: Rate,
  cacheRead: Rate,
  cacheWrite5m: Rate,
  cacheWrite1h: Rate,
  inputAudio: Rate,
  output: Rate,
  reasoning: Rate,
  outputAudio: Rate
}) {}

/** Σ bucket × rate, rounded half up to the nano-dollar, once. Exact: whole numbers only, and none that is too large. */
export const costOf = (usage: Usage, price: Price): NanoDollars => {
  let pico = 0
  for (const bucket of buckets) pico += usage[bucket] * price[bucket]
  return nanoDollars(Number.isSafeInteger(pico) ? Math.floor((pico + 500) / 1000) : exactly(usage, price))
}

/** The same for sums beyond 9,000 USD. */
const exactly = (usage: Usage, price: Price): number => {
  let pico = 0n
  for (const bucket of buckets) pico += BigInt(usage[bucket]) * BigInt(price[bucket])
  return Number((pico + 500n) / 1000n)
}

/** The highest rate of these buckets, in pico-dollars per token. */
export const dearest = (price: Price, of: ReadonlyArray<Bucket>): number => {
  let most = 0
  for (const bucket of of) if (price[bucket] > most) most = price[bucket]
  return most
}
