/**
 * Random files and expressions against the workflow language: nothing throws, nothing takes long, every place lies
 * inside of the text. The tests run a sample of this; here the number is up to whoever runs it.
 *
 * node bench/fuzz-workflow.mjs [runs, 100000] [seed]
 */
import * as fs from "node:fs"
import * as Compiler from "../packages/workflow/dist/compiler/Compiler.js"
import * as Template from "../packages/workflow/dist/expression/Template.js"
import { toValue } from "../packages/workflow/dist/parser/Node.js"
import { parse } from "../packages/workflow/dist/parser/Parser.js"

const runs = Number(process.argv[2] ?? 100_000)
const seed = Number(process.argv[3] ?? 1)
const slowMillis = 2000

/** The mulberry32 generator: the same seed finds the same failure again. */
let state = seed >>> 0
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0
  let t = state
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const below = (limit) => Math.floor(random() * limit)
const pick = (items) => items[below(items.length)]
const some = (most, make) => Array.from({ length: below(most + 1) }, make)

const names = ["a", "b", "v", "input", "steps", "item", "loop", "secrets", "x-y", "__proto__", "constructor"]
const types = "llm agent mcp_tool http workflow set parallel foreach switch loop approve wait emit fail shell".split(
  " "
)
const keys =
  "id type model prompt messages output if needs retry timeout fallback catch undo steps cases branches in as until max values params server tool uses with url form event for message".split(
    " "
  )

const expression = (depth = 0) => {
  if (depth > 4 || random() < 0.3) return pick([...names, "1", "0", "2.5", "'s'", "true", "null", "input.list", "[]"])
  const inner = () => expression(depth + 1)
  return pick([
    () => `(${inner()} ${pick(["+", "-", "*", "/", "%", "==", "<", "&&", "||", "in"])} ${inner()})`,
    () => `${inner()}.${pick(names)}`,
    () => `${inner()}[${inner()}]`,
    () => `${inner()}.?${pick(["a", "b"])}.orValue(${inner()})`,
    () => `${inner()}.${pick(["map", "filter", "all", "exists"])}(i, ${inner()})`,
    () => `size(${inner()})`,
    () => `${inner()}.matches('${pick(["^a+$", "(a|b)*", "(", "(a+)+$"])}')`,
    () => `(${inner()} ? ${inner()} : ${inner()})`,
    () => `[${some(3, inner).join(", ")}]`,
    () => `{'k': ${inner()}}`
  ])()
}

const noise = () =>
  some(12, () => pick([..."${}[]()'\"\\.,:#&*!|>-? \n\té", "loop", "${", "$${", "\u{1f600}"])).join("")
const text = () => pick([() => `\${${expression()}}`, () => `a \${${expression()}} b`, noise, () => pick(names)])()

const value = (depth) => {
  if (depth > 3 || random() < 0.4) return pick([text, text, () => below(9), () => true, () => null])()
  return random() < 0.5
    ? some(3, () => value(depth + 1))
    : Object.fromEntries(some(3, () => [pick([...keys, ...names]), value(depth + 1)]))
}

const step = (depth = 0) => ({
  id: pick(["a", "b", "c", "d", "e", noise()]),
  type: pick(types),
  ...Object.fromEntries(some(6, () => [pick(keys), value(0)])),
  ...(depth < 3 && random() < 0.4 ? { steps: some(3, () => step(depth + 1)), max: 3, in: [1], until: text() } : {})
})

const file = () => {
  const document = {
    name: "a",
    ...(random() < 0.3 ? { schedule: "auto" } : {}),
    ...(random() < 0.5 ? { inputs: value(0) } : {}),
    steps: some(5, () => step()),
    output: value(1)
  }
  const source = JSON.stringify(document, null, pick([0, 1, 2]))
  // Now and then a letter is lost, doubled or replaced.
  if (random() < 0.7) return source
  const at = below(source.length)
  return source.slice(0, at) + pick(["", noise(), source.slice(at, at + 3)]) + source.slice(at + below(3))
}

const testdata = new URL("../packages/workflow/testdata/", import.meta.url)
const read = (name) => toValue(parse(fs.readFileSync(new URL(name, testdata))).root)
const examples = ["checker", "compiler"].flatMap((folder) =>
  fs.readdirSync(new URL(folder, testdata)).flatMap((name) => read(`${folder}/${name}`))
)

/** A file that people could have written, with a stretch of it changed. */
const damaged = () => {
  const { input } = pick(examples)
  const at = below(input.length)
  return input.slice(0, at) + pick(["", text(), noise(), pick(keys), "  "]) + input.slice(at + below(6))
}

const scope = { a: 1, b: [1, 2, { a: "x" }], v: { a: null, b: "t" }, input: { list: [1, 2, 3], a: 0.5 }, item: "i" }

const check = (source) => {
  const lines = source.split(/\r\n?|\n/).length
  const { diagnostics, plan } = Compiler.compile(source)
  for (const { range } of diagnostics) {
    const ordered = range.start.line < range.end.line || range.start.column <= range.end.column
    if (range.start.line < 1 || range.end.line > lines || !ordered)
      throw new Error(`a place outside: ${JSON.stringify(range)}`)
  }
  return plan !== null
}

let slowest = 0
let plans = 0
const began = performance.now()
for (let run = 1; run <= runs; run++) {
  const source = pick([file, text, damaged])()
  const start = performance.now()
  try {
    if (check(source)) plans += 1
    const { template } = Template.compile(source)
    if (template !== null) Template.evaluate(template, scope)
  } catch (error) {
    console.error(`run ${run} of seed ${seed} threw on:\n${source}\n`)
    throw error
  }
  const took = performance.now() - start
  slowest = Math.max(slowest, took)
  if (took > slowMillis) {
    console.error(`run ${run} of seed ${seed} took ${took.toFixed(0)} ms on:\n${source}`)
    process.exit(1)
  }
}
const seconds = ((performance.now() - began) / 1000).toFixed(0)
console.log(
  `${runs} runs in ${seconds} s: nothing threw, ${plans} files had a plan, the slowest took ${slowest.toFixed(0)} ms`
)
