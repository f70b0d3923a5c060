/**
 * The name of a step in a plan and in a run. A plan's path has `[*]` where a step runs in rounds; a run puts the number
 * of the round there. The same file gives the same paths, whatever happened in a run, so that a replay finds its steps.
 */
import type { Block } from "../checker/Blocks.ts"

export const root = (list: "steps" | "catch" | "finally", id: string): string => `${list}/${id}`

/** `steps/each/steps[*]/judge`, `steps/race/branches.left/ask`, `steps/choose/cases[0]/say`, `steps/pay/catch/tell`. */
export const inside = (owner: string, { kind, label }: Block, id: string): string =>
  `${owner}/${label}${kind === "repeat" ? "[*]" : ""}/${id}`

/** The path of one run of a step: the numbers of its rounds put in, the outermost first. */
export const instance = (path: string, rounds: ReadonlyArray<number>): string => {
  const numbers = [...rounds]
  return path.replaceAll("[*]", (star) => {
    const number = numbers.shift()
    return number === undefined ? star : `[${number}]`
  })
}
