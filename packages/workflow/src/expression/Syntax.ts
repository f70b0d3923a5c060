/**
 * CEL text to our tree. The grammar is cel-js's; what it accepts and the language does not have is refused here, at
 * its place. Length, depth and nested loops are bounded, so that no later stage meets a tree that it cannot walk.
 */
import { type ASTNode, Environment, ParseError } from "@marcbachmann/cel-js"
import type { BinaryOperator, Expr, LoopKind, Name, Problem } from "./Ast.ts"
import { unsupported } from "./Functions.ts"

export const maxLength = 4096
export const maxNodes = 1000
const maxDepth = 50
/** Two loops inside of each other compare a list with a list; three have no use and cost the cube. */
const maxLoops = 3

const grammar = new Environment({
  unlistedVariablesAreDyn: true,
  enableOptionalTypes: true,
  limits: { maxAstNodes: maxNodes, maxDepth, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 8 }
})

/** `loop` is a word that CEL reserves and our language uses; the grammar sees a name of the same length. */
const loopAlias = "_oop"
const loopOrText =
  /[rRbB]?(?:"""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\bloop\b/g

const withoutLoop = (text: string): string =>
  text.replaceAll(loopOrText, (word) => (word === "loop" ? loopAlias : word))

const restored = (name: string): string => (name === loopAlias ? "loop" : name)

export interface Parsed {
  readonly expr: Expr | null
  readonly problems: ReadonlyArray<Problem>
}

class Refused {
  readonly problem: Problem
  constructor(problem: Problem) {
    this.problem = problem
  }
}

const refuse = (code: Problem["code"], span: Problem["span"], message: string, hint: string | null = null) =>
  new Refused({ code, span: { start: span.start, end: Math.max(span.end, span.start) }, message, hint })

export const parse = (text: string): Parsed => {
  const whole = { start: 0, end: text.length }
  const failed = (problem: Problem): Parsed => ({ expr: null, problems: [problem] })
  if (text.trim() === "") return failed(refuse("PS120", whole, "the expression is empty").problem)
  if (text.length > maxLength) {
    return failed(refuse("PS121", whole, `the expression has more than ${maxLength} characters`).problem)
  }
  try {
    return { expr: convert(grammar.parse(withoutLoop(text)).ast, 0), problems: [] }
  } catch (error) {
    if (error instanceof Refused) return failed(error.problem)
    if (error instanceof ParseError) return failed(explain(error, text))
    // Deeper than the engine's stack: only signs that the grammar does not count, as in `- - - - 1`.
    if (error instanceof RangeError) return failed(refuse("PS121", whole, "the expression is nested too deep").problem)
    throw error
  }
}

/** The grammar's complaint in words: by its code, never by its message. */
const explain = (error: ParseError, text: string): Problem => {
  const start = Math.min(error.range?.start ?? 0, text.length)
  const end = Math.min(Math.max(error.range?.end ?? start, start + 1), text.length)
  const span = { start: start === end && start > 0 ? start - 1 : start, end }
  const found = text.slice(start, end)
  switch (error.code) {
    case "limit_exceeded":
      return refuse("PS121", span, "the expression is too large", "set values in a step of their own").problem
    case "reserved_identifier":
      return refuse("PS120", span, `"${found}" is a word that CEL reserves`, "use another name").problem
    case "unterminated_string":
    case "unterminated_triple_quoted_string":
    case "newline_in_string":
      return refuse("PS120", span, "a quote is opened and not closed").problem
    case "invalid_macro_argument":
      return refuse("PS120", span, "expected a plain name, as in items.map(item, item.title)").problem
    case "expected_token":
    case "unexpected_token":
    case "unexpected_character":
      return found === ""
        ? refuse("PS120", span, "the expression ends too early").problem
        : refuse("PS120", span, `did not expect ${JSON.stringify(found)} here`, confusion(found, text, start)).problem
    default:
      return refuse("PS120", span, `not a valid value: ${JSON.stringify(found)}`).problem
  }
}

/** What people of other languages write. */
const confusion = (found: string, text: string, at: number): string | null => {
  if (found === "=") return "compare with =="
  if (found === "&" || found === "|") return `write ${found}${found}`
  if (found === "`") return "texts stand in single or double quotes"
  if (/^(?:and|or|not)$/.test(found)) return "write && for and, || for or, ! for not"
  return text.startsWith("=>", at) ? "write items.map(item, item.title)" : null
}

const isLoop = (name: string): name is LoopKind => /^(?:all|exists|exists_one|filter|map)$/.test(name)

const nameOf = (text: string, start: number): Name => ({
  text: restored(text),
  span: { start, end: start + text.length }
})

const binary: { readonly [operator: string]: BinaryOperator } = {
  "+": "+",
  "-": "-",
  "*": "*",
  "/": "/",
  "%": "%",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
  "==": "==",
  "!=": "!=",
  in: "in"
}

const convert = (node: ASTNode, loops: number): Expr => {
  const span = { start: node.start, end: node.end }
  const inside = (inner: ASTNode): Expr => convert(inner, loops)
  switch (node.op) {
    case "value":
      return literal(node.args, span)
    case "id":
      return { _tag: "Variable", name: restored(node.args), span }
    case ".":
    case ".?": {
      const [target, name] = node.args
      return { _tag: "Field", target: inside(target), name: nameOf(name, node.pos), optional: node.op === ".?", span }
    }
    case "[]":
    case "[?]": {
      const [target, index] = node.args
      return { _tag: "Index", target: inside(target), index: inside(index), optional: node.op === "[?]", span }
    }
    case "call": {
      const [name, args] = node.args
      return name === "has" ? has(args, loops, span) : call(null, nameOf(name, span.start), args.map(inside), span)
    }
    case "rcall": {
      const [text, target, args] = node.args
      // The grammar does not keep where a method's name stands; it follows the target and a dot.
      const at = node.input.indexOf(text, target.end)
      const name = nameOf(text, at < 0 ? span.start : at)
      if (!isLoop(text)) return call(inside(target), name, args.map(inside), span)
      return loop(text, inside(target), args, loops, span)
    }
    case "list":
      return { _tag: "List", items: node.args.map(inside), span }
    case "map":
      return { _tag: "Map", entries: node.args.map(([key, value]) => [inside(key), inside(value)] as const), span }
    case "?:": {
      const [condition, yes, no] = node.args
      return { _tag: "Conditional", condition: inside(condition), yes: inside(yes), no: inside(no), span }
    }
    case "&&":
    case "||": {
      const [left, right] = node.args
      return { _tag: "Logical", operator: node.op, left: inside(left), right: inside(right), span }
    }
    case "!_":
      return { _tag: "Unary", operator: "!", operand: inside(node.args), span }
    case "-_":
      return negation(node.args, loops, span)
    default: {
      const operator = binary[node.op]
      if (operator === undefined) throw refuse("PS123", span, `"${node.op}" is not part of the language`)
      const [left, right] = node.args
      return { _tag: "Binary", operator, left: inside(left), right: inside(right), span }
    }
  }
}

const literal = (value: unknown, span: Expr["span"]): Expr => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return { _tag: "Literal", value, span }
    case "bigint":
      if (value <= maxInt) return { _tag: "Literal", value, span }
      throw refuse("PS120", span, "the number is too large", "integers have 64 bits")
    default:
      if (value === null) return { _tag: "Literal", value, span }
      throw refuse("PS123", span, "bytes and unsigned integers are not part of the language")
  }
}

const maxInt = 2n ** 63n - 1n

/** The smallest integer has no positive counterpart. */
const negation = (operand: ASTNode, loops: number, span: Expr["span"]): Expr =>
  operand.op === "value" && operand.args === maxInt + 1n
    ? { _tag: "Literal", value: -maxInt - 1n, span }
    : { _tag: "Unary", operator: "-", operand: convert(operand, loops), span }

const has = (args: ReadonlyArray<ASTNode>, loops: number, span: Expr["span"]): Expr => {
  const [field] = args
  if (field?.op !== "." || args.length !== 1) throw refuse("PS120", span, "expected a field, as in has(input.title)")
  const [target, name] = field.args
  return { _tag: "Has", target: convert(target, loops), name: nameOf(name, field.pos), span }
}

const call = (target: Expr | null, name: Name, args: ReadonlyArray<Expr>, span: Expr["span"]): Expr => {
  const hint = unsupported(name.text)
  if (hint !== null) throw refuse("PS123", name.span, `${name.text}() is not part of the language`, hint)
  return { _tag: "Call", target, name, args, span }
}

const loop = (kind: LoopKind, target: Expr, args: ReadonlyArray<ASTNode>, loops: number, span: Expr["span"]): Expr => {
  const [variable, first, second] = args
  const count = kind === "map" ? args.length === 2 || args.length === 3 : args.length === 2
  if (variable?.op !== "id" || first === undefined || !count) {
    throw refuse("PS120", span, `${kind}() takes a name and an expression, as in items.${kind}(item, …)`)
  }
  if (loops + 1 > maxLoops) throw refuse("PS121", span, `more than ${maxLoops} loops inside of each other`)
  const filtered = second !== undefined
  return {
    _tag: "Loop",
    kind,
    target,
    variable: restored(variable.args),
    filter: filtered ? convert(first, loops + 1) : null,
    body: convert(filtered ? second : first, loops + 1),
    span
  }
}
