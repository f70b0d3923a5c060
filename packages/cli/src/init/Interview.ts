/** The questions of `penstock init`, but for those that a flag has answered. */
import * as Prompt from "@effect/cli/Prompt"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandFailed } from "../CommandFailed.ts"
import type { Choices } from "./ConfigDraft.ts"

export interface Given {
  readonly auth: Option.Option<"none" | "keys">
  readonly budget: Option.Option<number>
}

export const wantedBudget = "an amount in USD from 0 to 1000000 with at most 9 decimals; 0 for no limit"

/** As the configuration takes it: whole nano-dollars. */
export const isBudget = (budget: number | null): boolean =>
  budget === null || (budget > 0 && budget <= 1_000_000 && Math.round(budget * 1e9) / 1e9 === budget)

/** No limit is what nobody asked for, and what 0 says: a budget of nothing would let nothing pass. */
const limit = (usd: number): number | null => (usd === 0 ? null : usd)

export const defaults = ({ auth, budget }: Given): Choices => ({
  auth: Option.getOrElse(auth, () => "none" as const),
  budget: Option.getOrNull(Option.map(budget, limit))
})

const askAuth = Prompt.select({
  message: "Who may ask?",
  choices: [
    { title: "Everybody on this machine", value: "none" as const },
    { title: "Who has a key", value: "keys" as const }
  ]
})

const askBudget = Prompt.text({
  message: "USD per day at most (0 for no limit)",
  default: "0",
  validate: (text) => (isBudget(limit(Number(text))) ? Effect.succeed(text) : Effect.fail(`It takes ${wantedBudget}`))
})

/** Ctrl-C ends without anything written. */
export const ask = ({ auth, budget }: Given) =>
  Effect.gen(function* () {
    const choices: Choices = {
      auth: Option.isSome(auth) ? auth.value : yield* askAuth,
      budget: limit(Option.isSome(budget) ? budget.value : Number(yield* askBudget))
    }
    return choices
  }).pipe(Effect.catchTag("QuitException", () => new CommandFailed({ exitCode: 1, text: "Nothing was written." })))
