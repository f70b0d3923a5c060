/** Models of a step: whether they exist, what they can take, and what the worst and the usual call cost. */
import * as Money from "@penstock/schema/Money"
import { suggest } from "../diagnostic/Suggestion.ts"
import type { ModelChain } from "../document/Fields.ts"
import type { StepOf } from "../document/Step.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { Path } from "../parser/Node.ts"
import type { ModelCatalogue, ModelFacts } from "./Catalogues.ts"
import type { Reporter } from "./Reporter.ts"

export type ModelStep = StepOf<"llm"> | StepOf<"agent">

const listOf = (chain: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof chain === "string" ? [chain] : chain

const aliasOf = (workflow: Workflow, name: string): ModelChain | null =>
  workflow.models !== undefined && Object.hasOwn(workflow.models, name) ? (workflow.models[name] ?? null) : null

/** The models that are tried, in order: aliases of the file replaced, each model once. An alias names no alias. */
export const chainOf = (workflow: Workflow, chain: ModelChain | undefined): ReadonlyArray<string> => {
  const named = chain ?? workflow.defaults?.model ?? []
  return [...new Set(listOf(named).flatMap((name) => listOf(aliasOf(workflow, name) ?? name)))]
}

/** Each name of a chain, and where it is written. */
const namesIn = (chain: ModelChain | undefined, path: Path): ReadonlyArray<readonly [string, Path]> => {
  if (chain === undefined) return []
  return typeof chain === "string" ? [[chain, path]] : chain.map((name, at) => [name, [...path, at]] as const)
}

/** With the workflow's defaults filled in. */
export const withDefaults = <S extends ModelStep>(step: S, { defaults }: Workflow): S => ({
  ...step,
  max_tokens: step.max_tokens ?? defaults?.max_tokens
})

const isDynamic = (name: string): boolean => name.includes("${")

export const check = (
  step: ModelStep,
  path: Path,
  workflow: Workflow,
  models: ModelCatalogue | undefined,
  { report }: Reporter
): void => {
  if (step.model === undefined && workflow.defaults?.model === undefined) {
    report("PS406", path, `the step "${step.id}" has no model`, "write model: …, or set defaults.model", "key")
    return
  }
  if (models === undefined) return
  const written = [
    ...namesIn(step.model, [...path, "model"]),
    ...(step.fallback ?? []).flatMap((part, at) => namesIn(part.model, [...path, "fallback", at, "model"]))
  ]
  for (const [name, where] of written) checkName(name, where, workflow, models, report)
  checkLimits(withDefaults(step, workflow), path, chainOf(workflow, step.model), models, report)
}

/** The names that the file itself gives models, and its default. */
export const checkAliases = (workflow: Workflow, models: ModelCatalogue | undefined, { report }: Reporter): void => {
  if (models === undefined) return
  const written = [
    ...Object.entries(workflow.models ?? {}).flatMap(([alias, chain]) => namesIn(chain, ["models", alias])),
    ...namesIn(workflow.defaults?.model, ["defaults", "model"]),
    ...namesIn(workflow.baseline, ["baseline"])
  ]
  for (const [name, where] of written) checkName(name, where, workflow, models, report)
}

const checkName = (
  name: string,
  path: Path,
  workflow: Workflow,
  models: ModelCatalogue,
  report: Reporter["report"]
): void => {
  const alias = path[0] !== "models" && aliasOf(workflow, name) !== null
  if (alias || models.find(name) !== null) return
  if (isDynamic(name)) {
    report("PS401", path, "a model is named in the file", "expressions are not read here: use a switch step")
    return
  }
  const known = [...Object.keys(workflow.models ?? {}), ...models.names]
  report("PS401", path, `there is no model "${name}"`, suggest(name, known, "there are"))
}

/** No tokenizer puts more characters into a token, over the length of a prompt that is too long. */
const charactersPerTokenAtMost = 6

const textLength = (step: ModelStep): number => {
  const contents = step.type === "llm" ? (step.messages ?? []).map(({ content }) => content) : []
  return [step.prompt, step.system, ...contents].reduce<number>(
    (sum, text) => sum + (typeof text === "string" ? text.length : 0),
    0
  )
}

const checkLimits = (
  step: ModelStep,
  path: Path,
  chain: ReadonlyArray<string>,
  models: ModelCatalogue,
  report: Reporter["report"]
): void => {
  const tokens = Math.floor(textLength(step) / charactersPerTokenAtMost)
  for (const name of chain) {
    const facts = models.find(name)
    if (facts === null) continue
    const { contextTokens, maxOutputTokens } = facts
    if (contextTokens !== null && tokens + (step.max_tokens ?? 0) > contextTokens) {
      const answer = step.max_tokens === undefined ? "" : ` and an answer of ${step.max_tokens}`
      const message = `a prompt of at least ${tokens} tokens${answer} does not fit in the ${contextTokens} of ${name}`
      report(
        "PS403",
        [...path, step.prompt === undefined ? "messages" : "prompt"],
        message,
        "shorten it, or take another model",
        "key"
      )
    }
    if (maxOutputTokens !== null && step.max_tokens !== undefined && step.max_tokens > maxOutputTokens) {
      const hint = `write ${maxOutputTokens} or less`
      report("PS405", [...path, "max_tokens"], `${name} writes at most ${maxOutputTokens} tokens`, hint)
    }
  }
}

/** What one call costs, in nano-dollars; null when the price or the most that it may take is not known. */
export interface CallCost {
  readonly worst: Money.NanoDollars | null
  readonly expected: Money.NanoDollars | null
}

const usualAnswer = 500
/** What an expression in a prompt is taken to bring along, for the usual cost only. */
const usualValue = 250
const usualCharactersPerToken = 4

const cost = (facts: ModelFacts, input: number | null, output: number | null): Money.NanoDollars | null => {
  // A model that is free is so for any number of tokens.
  if (facts.price?.input === 0 && facts.price.output === 0) return Money.NanoDollars.make(0)
  if (facts.price === null || input === null || output === null) return null
  return Money.NanoDollars.make(Math.ceil((input * facts.price.input + output * facts.price.output) / 1000))
}

/**
 * The worst case fills the context window, because nothing bounds what an expression brings along; without expressions
 * a token has at least one character. The usual case is a rule of thumb and nothing is decided by it.
 */
export const callCost = (step: ModelStep, facts: ModelFacts): CallCost => {
  const length = textLength(step)
  const values =
    JSON.stringify([step.prompt, step.system, "messages" in step ? step.messages : []]).split("${").length - 1
  const dynamic = values > 0 || step.type === "agent"
  const output = step.max_tokens ?? largestAnswer(facts)
  const worstInput = dynamic ? facts.contextTokens : Math.min(length + 16, facts.contextTokens ?? length + 16)
  const expectedInput = Math.ceil(length / usualCharactersPerToken) + values * usualValue
  return {
    worst: cost(facts, worstInput, output),
    expected: cost(facts, expectedInput, Math.min(usualAnswer, output ?? usualAnswer))
  }
}

const largestAnswer = ({ contextTokens, maxOutputTokens }: ModelFacts): number | null =>
  maxOutputTokens ?? contextTokens
