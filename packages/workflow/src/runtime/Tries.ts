/** What all attempts of one step have come to: lives as long as the step's activity. */
import type { NanoDollars } from "@penstock/schema/Money"
import type { Limit } from "../compiler/Plan.ts"
import { addSpent, nothingSpent, type Spent } from "./RunRecord.ts"
import * as StepError from "./StepError.ts"

/** What a model is told of its answer that would not do. */
export interface Feedback {
  readonly answer: string
  readonly problems: ReadonlyArray<string>
}

export class Tries {
  spent: Spent = nothingSpent
  count = 0
  feedback: Feedback | null = null

  add(spent: Spent): void {
    this.spent = addSpent(this.spent, spent)
  }

  /** Why no further call may be made, if the step's own budget says so. */
  overBudget(step: string, { nanoDollars, tokens }: Limit): StepError.StepError | null {
    const { cost, inputTokens, outputTokens } = this.spent
    const isOver = (limit: NanoDollars | number | null, used: number | null): boolean =>
      limit !== null && used !== null && (limit === 0 || used >= limit)
    return isOver(nanoDollars, cost) || isOver(tokens, inputTokens + outputTokens)
      ? StepError.make(step, "budget", `the step's budget is spent, after ${this.count - 1} attempts`, this.count)
      : null
  }
}
