/**
 * Writes what tests gave into the file as what they expect. Only the text of `expect` changes: comments, quotes and the
 * layout of everything else stay as somebody wrote them.
 */
import * as Yaml from "yaml"
import { canonical } from "../compiler/Hash.ts"

export interface Golden {
  /** The test's place in the file's list, from 0. */
  readonly index: number
  readonly output: unknown
}

/** The same text where nothing is new. */
export const write = (source: string, goldens: ReadonlyArray<Golden>): string =>
  goldens.reduce((text, golden) => {
    const wanted = Yaml.parseDocument(text)
    const way = ["tests", golden.index, "expect"]
    if (canonical(plain(wanted.getIn(way))) === canonical(golden.output) && wanted.hasIn(way)) return text
    const spliced = splice(text, golden)
    wanted.setIn(way, wanted.createNode(asJson(golden.output)))
    // A layout that the splice does not know: the file is printed anew, still with its comments.
    return spliced !== null && says(spliced, wanted.toJS()) ? spliced : wanted.toString({ lineWidth: 0 })
  }, source)

const plain = (value: unknown): unknown => (Yaml.isNode(value) ? value.toJSON() : value)

const says = (text: string, value: unknown): boolean => {
  const document = Yaml.parseDocument(text)
  return document.errors.length === 0 && canonical(document.toJS()) === canonical(value)
}

/** An output is JSON, which knows no negative zero; YAML does. */
const asJson = (output: unknown): unknown => JSON.parse(JSON.stringify(output ?? null))

const splice = (source: string, { index, output }: Golden): string | null => {
  const test = Yaml.parseDocument(source).getIn(["tests", index])
  if (!Yaml.isMap(test)) return null
  const flow = test.flow === true
  const pair = test.items.find(({ key }) => Yaml.isScalar(key) && key.value === "expect")
  const [first] = test.items
  const last = test.items.at(-1)
  if (first === undefined || last === undefined) return null
  const indent = columnOf(source, startOf(first.key))
  if (pair !== undefined) {
    const [from, to] = [endOf(pair.key), endOf(pair.value)]
    if (from === null || to === null) return null
    const end = trimmed(source, to)
    return `${source.slice(0, from)}:${valueText(output, indent, flow || isCommented(source, end))}${source.slice(end)}`
  }
  const to = endOf(last.value)
  if (to === null) return null
  const end = trimmed(source, to)
  if (flow) return `${source.slice(0, end)}, expect:${valueText(output, indent, true)}${source.slice(end)}`
  // Behind a comment of the last line, not in front of it.
  const line = source.indexOf("\n", end)
  const place = line === -1 ? source.length : line
  return `${source.slice(0, place)}\n${" ".repeat(indent)}expect:${valueText(output, indent, false)}${source.slice(place)}`
}

/** Behind `expect:`; in one line as JSON, else as files are written. */
const valueText = (output: unknown, indent: number, oneLine: boolean): string => {
  if (oneLine) return ` ${JSON.stringify(output ?? null)}`
  const text = Yaml.stringify(asJson(output), { lineWidth: 0 }).trimEnd()
  const lines = text.split("\n").map((line) => (line === "" ? line : `${" ".repeat(indent + 2)}${line}`))
  const nested = typeof output === "object" && output !== null && !/^(?:\{\}|\[\])$/.test(text)
  return nested ? `\n${lines.join("\n")}` : ` ${lines.join("\n").trimStart()}`
}

const startOf = (node: unknown): number => (Yaml.isNode(node) ? (node.range?.[0] ?? 0) : 0)
const endOf = (node: unknown): number | null => (Yaml.isNode(node) ? (node.range?.[1] ?? null) : null)

const columnOf = (source: string, offset: number): number => offset - (source.lastIndexOf("\n", offset - 1) + 1)

const trimmed = (source: string, end: number): number => source.slice(0, end).trimEnd().length

/** Whether a comment follows in the line, which a text over several lines would swallow. */
const isCommented = (source: string, end: number): boolean => /^[ \t]+#/.test(source.slice(end, end + 80))
