/**
 * Money is an integer, never a float.
 *
 * Amounts are nano-dollars (1 USD = 1e9). Prices are pico-dollars per token: the price lists quote USD per million
 * tokens, and 1 USD per million tokens = 1e6 pico-dollars per token, so every published price is a whole number.
 * Both stay below `Number.MAX_SAFE_INTEGER` (9 million USD in nano-dollars).
 */
import type * as Brand from "effect/Brand"
import * as Schema from "effect/Schema"

/** An amount of money in nano-dollars, never negative. */
export const NanoDollars = Schema.NonNegativeInt.pipe(
  Schema.lessThanOrEqualTo(Number.MAX_SAFE_INTEGER),
  Schema.brand("NanoDollars")
)
export type NanoDollars = number & Brand.Brand<"NanoDollars">

const isNanoDollars = (amount: number): amount is NanoDollars => Number.isSafeInteger(amount) && amount >= 0

/**
 * A number as an amount, for what is computed for every request: what the schema's own `make` costs there can be seen.
 * Throws for what is none; the schema says why.
 */
export const nanoDollars = (amount: number): NanoDollars => (isNanoDollars(amount) ? amount : NanoDollars.make(amount))

/** A price in pico-dollars per token, never negative. */
export const PicoDollarsPerToken = Schema.NonNegativeInt.pipe(Schema.brand("PicoDollarsPerToken"))
export type PicoDollarsPerToken = number & Brand.Brand<"PicoDollarsPerToken">

/** USD per million tokens, as price lists quote it, to pico-dollars per token. */
export const priceFromUsdPerMillion = (usd: number): PicoDollarsPerToken =>
  PicoDollarsPerToken.make(Math.round(usd * 1e6))

/** USD to nano-dollars, rounded to the nearest. */
export const fromUsd = (usd: number): NanoDollars => NanoDollars.make(Math.round(usd * 1e9))

/** Nano-dollars to USD: for showing, not for computing. */
export const toUsd = (amount: NanoDollars): number => amount / 1e9

/** Nano-dollars as a decimal number of USD, without an exponent: `0.00000123`. */
export const formatUsd = (amount: NanoDollars): string => {
  const digits = String(amount).padStart(10, "0")
  const fraction = digits.slice(-9).replace(/0+$/, "")
  return digits.slice(0, -9) + (fraction === "" ? "" : `.${fraction}`)
}
