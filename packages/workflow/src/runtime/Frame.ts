/** What a step can see while a run goes: variables, steps before it, and what the blocks around it add. */
import type { Failure } from "@penstock/schema/Run"
import * as Either from "effect/Either"
import * as DataTemplate from "../expression/DataTemplate.ts"
import * as References from "../expression/References.ts"
import * as StepPath from "../compiler/StepPath.ts"
import type { Action, Limit, PlanStep } from "../compiler/Plan.ts"
import type { Meter } from "./Meter.ts"
import type { Budget } from "./TokenBudgets.ts"
import * as StepError from "./StepError.ts"

/** `steps.<id>` in expressions. */
export interface StepView {
  readonly output: unknown
  readonly status: "succeeded" | "failed" | "skipped"
  readonly error: Failure | null
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number; readonly total_tokens: number }
  /** USD. */
  readonly cost: number | null
  /** `provider/model` of who answered last. */
  readonly model: string | null
  readonly exhausted?: boolean
}

interface Place {
  /** Numbers of the rounds around, the outermost first. */
  readonly rounds: ReadonlyArray<number>
  /** From a step's path in its plan to its path in the run. */
  readonly rename: (path: string) => string
  /** When everything in here has to have ended, in milliseconds since the epoch. */
  readonly deadline: number | null
  /** What calls in here are paid from, the run's first. */
  readonly budgets: ReadonlyArray<Budget>
  /** Of the step around. */
  readonly meter: Meter
}

export class Frame {
  readonly #values: Map<string, unknown>
  readonly #steps: Map<string, StepView>
  /** Variables of steps that were skipped. */
  readonly #skipped: Set<string>
  readonly place: Place

  private constructor(from: Frame | null, values: { readonly [name: string]: unknown }, place: Place) {
    this.#values = new Map([...(from === null ? [] : from.#values), ...Object.entries(values)])
    this.#steps = new Map(from === null ? [] : from.#steps)
    this.#skipped = new Set(from === null ? [] : from.#skipped)
    this.place = place
  }

  static root(values: { readonly [name: string]: unknown }, place: Place): Frame {
    return new Frame(null, values, place)
  }

  /** What the steps of a block see. What they define stays in there. */
  enter(values: { readonly [name: string]: unknown } = {}, place: Partial<Place> = {}): Frame {
    return new Frame(this, values, { ...this.place, ...place })
  }

  /** What runs for the step, or for the workflow that it calls, is paid from this budget too. */
  paidFrom(path: string, limit: Limit): Frame {
    if (limit.nanoDollars === null && limit.tokens === null) return this
    return this.enter({}, { budgets: [...this.place.budgets, { path, limit }] })
  }

  value(name: string): unknown {
    return this.#values.get(name)
  }

  pathOf({ path }: PlanStep): string {
    return this.place.rename(StepPath.instance(path, this.place.rounds))
  }

  /** The earlier of the two times. */
  until(deadline: number | null): number | null {
    const around = this.place.deadline
    return deadline === null || around === null ? (deadline ?? around) : Math.min(deadline, around)
  }

  define(step: PlanStep, view: StepView): void {
    this.#steps.set(step.id, view)
    if (step.output === null) return
    this.#values.set(step.output, view.output)
    if (view.status === "skipped") this.#skipped.add(step.output)
  }

  /** Whether one of the expressions reads what a skipped step would have given. */
  readsSkipped(templates: ReadonlyArray<DataTemplate.DataTemplate>): boolean {
    return templates
      .flatMap((data) => DataTemplate.templates(data))
      .flatMap(({ value }) => References.ofTemplate(value))
      .some(({ name, path: [id, field] }) => {
        if (name !== "steps") return this.#skipped.has(name)
        return id !== undefined && field?.text === "output" && this.#steps.get(id.text)?.status === "skipped"
      })
  }

  evaluate(
    data: DataTemplate.DataTemplate,
    step: string,
    more: { readonly [name: string]: unknown } = {}
  ): Either.Either<unknown, StepError.StepError> {
    const scope = { ...Object.fromEntries(this.#values), steps: Object.fromEntries(this.#steps), ...more }
    return Either.mapLeft(DataTemplate.evaluate(data, scope), ({ path, value }) => {
      const where = path.length === 0 ? "" : ` in ${path.join(".")}`
      return StepError.make(step, "failed", `an expression${where} has no value: ${value.message}`, 0)
    })
  }
}

/** The expressions that a step evaluates before it does anything. */
export const readsOf = ({ action }: PlanStep): ReadonlyArray<DataTemplate.DataTemplate> =>
  templatesOf(action).filter((template) => template !== null)

const templatesOf = (action: Action): ReadonlyArray<DataTemplate.DataTemplate | null> => {
  switch (action.type) {
    case "llm":
      return [action.prompt, action.system, action.messages]
    case "agent":
      return [action.prompt, action.system]
    case "mcp_tool":
      return [action.params]
    case "http":
      return [action.url, action.headers, action.body]
    case "workflow":
      return [action.with]
    case "set":
      return [action.values]
    case "foreach":
      return [action.in]
    case "switch":
      return action.cases.map(({ when }) => when)
    case "approve":
      return [action.prompt]
    case "wait":
      return [action.until]
    case "emit":
      return [action.data]
    case "fail":
      return [action.message]
    case "parallel":
    case "loop":
      return []
  }
}
