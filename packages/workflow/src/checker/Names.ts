/** The names of a file: what defines them, what takes them twice, and what an unknown one may have meant. */
import type { Code } from "../diagnostic/Codes.ts"
import { suggest } from "../diagnostic/Suggestion.ts"
import type { Workflow } from "../document/Workflow.ts"
import type { Reference } from "../expression/References.ts"
import type { Path, Span } from "../parser/Node.ts"
import { allSteps, type Enclosure, type Place } from "./Blocks.ts"
import type { Reporter } from "./Reporter.ts"

/** Roots of expressions, and what each of them is. */
const roots: { readonly [name: string]: string } = {
  input: "the run's input",
  steps: "the steps and what they gave",
  run: "the run itself",
  item: "the item of a foreach",
  index: "the index of a foreach",
  loop: "the round of a loop",
  error: "the failure that a catch handles",
  secrets: "the secrets",
  env: "the environment"
}

/** Words that CEL keeps for itself. */
const reserved = new Set(
  (
    "true false null in as break const continue else for function if import let package namespace return var void while " +
    "prototype constructor"
  ).split(" ")
)

export interface Names {
  readonly byId: ReadonlyMap<string, Place>
  readonly byOutput: ReadonlyMap<string, Place>
  /** Null where they are not known. */
  readonly secrets: ReadonlyArray<string> | null
}

/** Tells what is defined twice or may not be defined, and remembers the rest. */
export const collect = (
  workflow: Workflow,
  { report }: Reporter,
  secrets: ReadonlyArray<string> | null = null
): Names => {
  const byId = new Map<string, Place>()
  const byOutput = new Map<string, Place>()
  const places = allSteps(workflow)
  for (const place of places) {
    const { id } = place.step
    if (byId.has(id))
      report("PS204", [...place.path, "id"], `there is another step "${id}"`, "ids are unique in the file")
    else byId.set(id, place)
  }
  for (const place of places) {
    const { step } = place
    if (step.type === "foreach" && step.as !== undefined) checkName(step.as, [...place.path, "as"], report)
    if (step.output === undefined) continue
    const path = [...place.path, "output"]
    checkName(step.output, path, report)
    const other = byOutput.get(step.output)
    if (other === undefined) byOutput.set(step.output, place)
    else
      report("PS205", path, `the step "${other.step.id}" writes "${step.output}" already`, "an output is written once")
  }
  return { byId, byOutput, secrets }
}

const checkName = (name: string, path: Path, report: Reporter["report"]): void => {
  const taken = Object.hasOwn(roots, name) && name !== "item" ? roots[name] : undefined
  if (taken !== undefined) report("PS206", path, `"${name}" is ${taken}`, "use another name")
  else if (reserved.has(name)) report("PS206", path, `"${name}" is a word of CEL`, "use another name")
}

/** What can be seen from where a reference stands. */
export interface Visible {
  readonly variables: ReadonlyMap<string, unknown>
  readonly steps: ReadonlyMap<string, unknown>
  /** Roots that exist here: `input`, `item`, `loop`… */
  readonly locals: ReadonlyMap<string, unknown>
  readonly secrets: boolean
  /** The blocks around the reference. */
  readonly inside: ReadonlyArray<Enclosure>
}

interface Finding {
  readonly code: Code
  readonly span: Span
  readonly message: string
  readonly hint: string | null
}

/** Tells what is wrong with a name that an expression reads, if anything is. */
export const resolve = (reference: Reference, visible: Visible, names: Names, path: Path, reporter: Reporter): void => {
  const finding =
    reference.name === "steps" ? ofStep(reference, visible, names, path) : ofName(reference, visible, names, path)
  if (finding !== null) reporter.reportWithin(finding.code, path, finding.span, finding.message, finding.hint)
}

const ofName = (reference: Reference, visible: Visible, names: Names, path: Path): Finding | null => {
  const { name, span } = reference
  if (visible.variables.has(name) || visible.locals.has(name)) return null
  const finding = (code: Code, message: string, hint: string | null): Finding => ({ code, span, message, hint })
  if (name === "secrets") {
    const hint = "read them in the params of an mcp_tool step, or the headers or body of an http step"
    return visible.secrets ? ofSecret(reference, names) : finding("PS601", "secrets are not readable here", hint)
  }
  if (name === "env") {
    const hint = "give the value as an input, or as a secret"
    return finding("PS602", "the environment is not readable from a workflow", hint)
  }
  const writer = names.byOutput.get(name)
  if (writer !== undefined) {
    return { span, ...hidden(`"${name}" is written by the step "${writer.step.id}"`, writer, visible, path) }
  }
  if (names.byId.has(name)) {
    const hint = `write steps.${name}.output, or give the step an output`
    return finding("PS201", `"${name}" is a step and no variable`, hint)
  }
  if (Object.hasOwn(roots, name)) return finding("PS201", `there is no "${name}" here`, `it is ${roots[name]}`)
  const known = [...visible.variables.keys(), ...visible.locals.keys(), "steps"]
  return finding("PS201", `"${name}" is not defined`, suggest(name, known, "there are"))
}

const ofSecret = ({ path: [name] }: Reference, { secrets }: Names): Finding | null => {
  if (name === undefined || secrets === null || secrets.includes(name.text)) return null
  const hint = suggest(name.text, secrets, "there are") ?? "name it under `secrets` in the configuration"
  return { code: "PS217", span: name.span, message: `there is no secret "${name.text}"`, hint }
}

const ofStep = (reference: Reference, visible: Visible, names: Names, path: Path): Finding | null => {
  const [id] = reference.path
  if (id === undefined || visible.steps.has(id.text)) return null
  const { span } = id
  const place = names.byId.get(id.text)
  if (place !== undefined) return { span, ...hidden(`this is the step "${id.text}"`, place, visible, path) }
  const known = [...names.byId.keys()]
  // `steps.key-points` is a subtraction, and `key` what is left of it.
  const hyphenated = known.find((other) => other.startsWith(`${id.text}-`))
  const hint = hyphenated === undefined ? suggest(id.text, known, "steps are") : `write steps["${hyphenated}"]`
  return { code: "PS201", span, message: `there is no step "${id.text}"`, hint }
}

/** Why something that exists cannot be seen: it is around this, inside of another block, or comes later. */
const hidden = (what: string, place: Place, { inside }: Visible, path: Path): Omit<Finding, "span"> => {
  if (place.path.every((key, at) => key === path[at])) {
    return { code: "PS203", message: `${what}, which has not ended here`, hint: "a step cannot use its own output" }
  }
  const block = place.inside.find(({ label, owner }, at) => owner !== inside[at]?.owner || label !== inside[at]?.label)
  if (block !== undefined) {
    const hint = `what leaves a block is the output of its step, "${block.owner}"`
    return { code: "PS209", message: `${what} inside of "${block.owner}"`, hint }
  }
  const hint = `move "${place.step.id}" before this step, or set schedule: auto`
  return { code: "PS203", message: `${what}, which runs later`, hint }
}
