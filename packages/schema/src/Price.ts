/** What a model costs, and what a call cost. */
import * as Schema from "effect/Schema"
import { NanoDollars, PicoDollarsPerToken } from "./Money.ts"
import { buckets, type Usage } from "./Usage.ts"

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

/** Σ bucket × rate, rounded half up to the nano-dollar, once. Exact: no float takes part. */
export const costOf = (usage: Usage, price: Price): NanoDollars => {
  let pico = 0n
  for (const bucket of buckets) {
    if (usage[bucket] > 0) pico += BigInt(usage[bucket]) * BigInt(price[bucket])
  }
  return NanoDollars.make(Number((pico + 500n) / 1000n))
}
