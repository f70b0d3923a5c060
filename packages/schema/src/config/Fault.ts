/** Faults to rehearse with: what a provider is made to do wrong, so that one's own failover can be seen at work. */
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "./Fields.ts"
import { DurationMillis, TimerMillis } from "./Units.ts"

const Events = Schema.optional(Schema.NonNegativeInt.annotations({ description: "a number of events, 0 or more" }))

export const FaultConfig = strictStruct({
  probability: optionalWith(
    Schema.Number.pipe(Schema.between(0, 1, { description: "a probability from 0 to 1" })),
    () => 1
  ).annotations({ description: "Which share of the calls it befalls" }),
  seed: Schema.optional(Schema.Int.annotations({ description: "a whole number" })).annotations({
    description: "The same seed befalls the same calls, in order"
  }),
  delay: Schema.optional(TimerMillis).annotations({ description: "Before anything else" }),
  reset: optionalWith(Schema.Boolean, () => false).annotations({
    description: "The connection breaks before the answer's head"
  }),
  status: Schema.optional(
    Schema.Int.pipe(Schema.between(400, 599, { description: "an error status from 400 to 599" }))
  ).annotations({ description: "Answered instead of asking the provider" }),
  retry_after: Schema.optional(DurationMillis).annotations({ description: "Sent with `status`" }),
  malformed_after: Events.annotations({ description: "A malformed event stands behind so many of a stream" }),
  cut_after: Events.annotations({ description: "The connection ends behind so many events of a stream" }),
  stall_after: Events.annotations({ description: "Nothing follows behind so many events of a stream" })
})
export type FaultConfig = typeof FaultConfig.Type
