/**
 * The text of a run's output as it is written: the tokens of the one step whose answer is the output, where there is such
 * a step. What was sent cannot be taken back. A further attempt of the step is sent on only behind what it has in common
 * with that, and what the run gives in the end decides.
 */
import { isObject } from "@penstock/gateway/wire/Json"
import type { Plan } from "@penstock/workflow/compiler/Plan"
import type { RunEvent } from "@penstock/workflow/runtime/RunRecord"

/** The path of the step whose text is the output as it is; null where more is made of it, or less. */
export const sourceOf = ({ output, steps }: Plan): string | null => {
  if (output._tag !== "Template" || !output.template.exact) return null
  const [part] = output.template.parts
  if (part?._tag !== "Expression" || part.expr._tag !== "Variable") return null
  const { name } = part.expr
  const step = steps.find((one) => one.output === name)
  return step !== undefined && step.action.type === "llm" && step.action.outputSchema === null ? step.path : null
}

/** Text as it is, anything else as JSON. */
export const textOf = (output: unknown): string =>
  typeof output === "string" ? output : JSON.stringify(output ?? null)

export class OutputText {
  readonly #source: string | null
  /** Numbers count up by one: where one is missing, a token was told before anybody listened. */
  #last = 0
  #missed = false
  #attempt = 0
  /** What the present attempt has written. */
  #written = ""
  /** What the caller has. */
  sent = ""

  constructor(source: string | null) {
    this.#source = source
  }

  /** What is to be sent of an event: mostly nothing. */
  take({ data, number, step, type }: RunEvent): string {
    if (number !== this.#last + 1) this.#missed = true
    this.#last = number
    if (type !== "token" || step !== this.#source || !isObject(data) || typeof data["text"] !== "string") return ""
    const attempt = Number(data["attempt"])
    if (attempt !== this.#attempt) {
      this.#attempt = attempt
      this.#written = ""
    }
    this.#written += data["text"]
    if (this.#missed || !this.#written.startsWith(this.sent)) return ""
    return this.#send(this.#written.slice(this.sent.length))
  }

  /** What is left of the whole output; null where it is not what was sent. */
  finish(output: string): string | null {
    return output.startsWith(this.sent) ? this.#send(output.slice(this.sent.length)) : null
  }

  #send(text: string): string {
    this.sent += text
    return text
  }
}
