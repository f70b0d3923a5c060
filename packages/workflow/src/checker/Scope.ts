/** What a step can see: variables and steps that ran before it in its block and around it, and what its block adds. */
import type { Step } from "../document/Step.ts"
import * as Type from "../types/Type.ts"
import type { Enclosure } from "./Blocks.ts"
import { run, stepType } from "./Outputs.ts"

/** What a step gives, and the step because of which it may be skipped. */
export interface Result {
  readonly type: Type.Type
  readonly maySkip: string | null
}

export class Scope {
  readonly variables: Map<string, Result>
  readonly steps: Map<string, Result>
  readonly locals: Map<string, Type.Type>
  readonly inside: ReadonlyArray<Enclosure>
  /** Everything by name, as inference wants it. Kept along, because a file may have a thousand steps. */
  readonly types: Map<string, Type.Type>
  readonly #stepFields: Map<string, Type.Field>

  private constructor(
    from: Scope | null,
    inside: ReadonlyArray<Enclosure>,
    locals: Iterable<readonly [string, Type.Type]>
  ) {
    this.variables = new Map(from?.variables)
    this.steps = new Map(from?.steps)
    this.locals = new Map([...(from?.locals ?? []), ...locals])
    this.inside = inside
    this.#stepFields = new Map(from === null ? [] : from.#stepFields)
    // Steps that cannot be seen are told by name, not as missing fields.
    const steps: Type.Type = { _tag: "Object", fields: this.#stepFields, rest: Type.any }
    this.types = new Map([...(from?.types ?? []), ...locals, ["steps", steps]])
  }

  static root(input: Type.Type): Scope {
    return new Scope(
      null,
      [],
      [
        ["input", input],
        ["run", run]
      ]
    )
  }

  /** What a block inside of a step sees. */
  enter(enclosure: Enclosure | null, locals: { readonly [name: string]: Type.Type } = {}): Scope {
    return new Scope(this, enclosure === null ? this.inside : [...this.inside, enclosure], Object.entries(locals))
  }

  define(step: Step, result: Result): void {
    this.steps.set(step.id, result)
    this.#stepFields.set(step.id, { type: stepType(step, result.type), optional: false })
    if (step.output === undefined) return
    this.variables.set(step.output, result)
    this.types.set(step.output, result.type)
  }
}
