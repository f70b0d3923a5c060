/**
 * What a step has spent with all that is inside of it. Filled by the run's body from what the activities left behind, so
 * that a replay comes to the same; each amount counts in the steps around, too.
 */
import { addSpent, nothingSpent, type Spent } from "./RunRecord.ts"

export class Meter {
  readonly #around: Meter | null
  spent: Spent = nothingSpent

  constructor(around: Meter | null) {
    this.#around = around
  }

  add(spent: Spent): void {
    this.spent = addSpent(this.spent, spent)
    this.#around?.add(spent)
  }
}
