import * as Usage from "@penstock/schema/Usage"
import type { JsonObject } from "../../wire/Json.ts"

const count = (value: unknown): number | null => (typeof value === "number" ? value : null)

/**
 * The counts of a final line. `eval_count` contains the tokens of the thinking, which Ollama does not count apart. A
 * count of zero is left out on the wire, so one count alone makes the other zero; without either nothing is known.
 */
export const read = (line: JsonObject): Usage.Usage | null => {
  const input = count(line["prompt_eval_count"])
  const output = count(line["eval_count"])
  return input === null && output === null ? null : Usage.make({ input, output })
}
