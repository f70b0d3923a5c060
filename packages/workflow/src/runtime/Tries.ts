/** What all attempts of one step have come to: lives as long as the step's activity. */
import type { NanoDollars } from "@penstock/schema/Money"
import { addSpent, nothingSpent, type Spent } from "./RunRecord.ts"

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

  /** Of a call without tokens. What has no price costs nothing. */
  addCost(cost: NanoDollars | undefined): void {
    if (cost !== undefined) this.add({ ...nothingSpent, cost })
  }
}
