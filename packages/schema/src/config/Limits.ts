/** Limits of money and of requests, as a person writes them. */
import * as Schema from "effect/Schema"
import { strictStruct } from "./Fields.ts"

/** `run`: a workflow's run. The others are calendar windows in UTC; a week begins on Monday. */
export const BudgetWindow = Schema.Literal("run", "hour", "day", "week", "month", "total")
export type BudgetWindow = typeof BudgetWindow.Type

/** Dividing whole nano-dollars rounds as reading their decimals does, so what is not whole comes back as another number. */
const isWholeNanoDollars = (usd: number): boolean => Math.round(usd * 1e9) / 1e9 === usd

const amount = (documentation: string) => ({
  description: "an amount in USD up to 1000000 with at most 9 decimals",
  documentation
})

/** An amount in USD that is whole nano-dollars. `hint` says what to do without one. */
export const Usd = (hint: string) =>
  Schema.Number.pipe(Schema.between(0, 1_000_000, amount(hint)), Schema.filter(isWholeNanoDollars, amount(hint)))

export const BudgetConfig = strictStruct({
  usd: Schema.propertySignature(Usd("leave `budget` out for no limit")).annotations({
    description: "Never exceeded: what a request may cost at most is reserved before it is sent"
  }),
  per: Schema.propertySignature(BudgetWindow).annotations({
    description: "The window that it is for, by the calendar in UTC; `run`: each run of a workflow"
  })
})
export type BudgetConfig = typeof BudgetConfig.Type

const Limit = (description: string) =>
  Schema.optional(
    Schema.Int.pipe(Schema.between(1, 1_000_000_000, { description: "a number from 1 to 1000000000" }))
  ).annotations({ description })

export const RateConfig = strictStruct({
  requests_per_minute: Limit("Requests that may begin within a minute"),
  tokens_per_minute: Limit("Prompt and completion tokens within a minute"),
  concurrent: Limit("Requests that may run at once")
})
export type RateConfig = typeof RateConfig.Type
