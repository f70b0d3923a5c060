/**
 * The regular expressions that people write into schemas: literals, classes, groups, alternatives, repetition, anchors.
 * Read by hand, for two reasons: an example of a match can be written from what was read, and a caller's expression
 * cannot hold up the process, as it can in a backtracking engine.
 */

type Node =
  | { readonly type: "set"; readonly characters: ReadonlySet<string>; readonly negated: boolean }
  | { readonly type: "start" | "end" }
  | { readonly type: "sequence" | "alternatives"; readonly nodes: ReadonlyArray<Node> }
  | { readonly type: "repeat"; readonly node: Node; readonly min: number; readonly max: number }

export interface Pattern {
  readonly test: (text: string) => boolean
  /** A text that should match; `nth` asks for another one. */
  readonly example: (nth: number) => string
}

interface Reader {
  readonly pattern: ReadonlyArray<string>
  at: number
}

class Unreadable extends Error {}

const between = (low: string, high: string): ReadonlyArray<string> => {
  const from = low.codePointAt(0) ?? 0
  const to = high.codePointAt(0) ?? 0
  if (to < from || to - from > 2_000) throw new Unreadable()
  return Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i))
}

const digits = between("0", "9")
const word = [...between("a", "z"), ...between("A", "Z"), ...digits, "_"]
const space = [" ", "\t", "\n", "\r", "\f", "\v", "\u00a0"]
const printable = [..."abc-123 _ABC./:", ...between(" ", "~")]

const set = (characters: Iterable<string>, negated = false): Node => ({
  type: "set",
  characters: new Set(characters),
  negated
})

const take = (reader: Reader): string => {
  const char = reader.pattern[reader.at]
  if (char === undefined) throw new Unreadable()
  reader.at += 1
  return char
}

const accept = (reader: Reader, char: string): boolean => {
  const found = reader.pattern[reader.at] === char
  if (found) reader.at += 1
  return found
}

const hex = (reader: Reader, length: number): string =>
  String.fromCodePoint(Number.parseInt(Array.from({ length }, () => take(reader)).join(""), 16) || 0)

/** What stands behind a backslash; a capital letter means all other characters. */
const escape = (reader: Reader): { readonly characters: ReadonlyArray<string>; readonly negated: boolean } => {
  const letter = take(reader)
  const classes: { readonly [letter: string]: ReadonlyArray<string> } = { d: digits, w: word, s: space }
  const controls: { readonly [letter: string]: string } = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" }
  const named = classes[letter.toLowerCase()]
  if (named !== undefined) return { characters: named, negated: letter !== letter.toLowerCase() }
  if (letter === "u" || letter === "x") return { characters: [hex(reader, letter === "u" ? 4 : 2)], negated: false }
  const control = controls[letter]
  if (control === undefined && /[A-Za-z0-9]/.test(letter)) throw new Unreadable()
  return { characters: [control ?? letter], negated: false }
}

const readClass = (reader: Reader): Node => {
  const negated = accept(reader, "^")
  const characters: Array<string> = []
  while (!accept(reader, "]")) {
    const first = take(reader)
    const escaped = first === "\\" ? escape(reader) : { characters: [first], negated: false }
    if (escaped.negated) throw new Unreadable()
    const [low] = escaped.characters
    const ranges =
      escaped.characters.length === 1 && reader.pattern[reader.at] === "-" && reader.pattern[reader.at + 1] !== "]"
    if (!ranges || low === undefined) {
      characters.push(...escaped.characters)
      continue
    }
    reader.at += 1
    const last = take(reader)
    characters.push(...between(low, (last === "\\" ? escape(reader).characters[0] : last) ?? last))
  }
  return set(characters, negated)
}

const readGroup = (reader: Reader): Node => {
  if (accept(reader, "?") && !accept(reader, ":")) {
    // A named group; what looks ahead or behind is not read.
    if (!accept(reader, "<") || /[=!]/.test(reader.pattern[reader.at] ?? "=")) throw new Unreadable()
    while (take(reader) !== ">");
  }
  const group = readAlternatives(reader)
  if (!accept(reader, ")")) throw new Unreadable()
  return group
}

const readAtom = (reader: Reader): Node => {
  const char = take(reader)
  switch (char) {
    case "[":
      return readClass(reader)
    case "(":
      return readGroup(reader)
    case "^":
      return { type: "start" }
    case "$":
      return { type: "end" }
    case ".":
      return set(["\n", "\r", "\u2028", "\u2029"], true)
    case "\\": {
      const { characters, negated } = escape(reader)
      return set(characters, negated)
    }
    case "*":
    case "+":
    case "?":
    case "{":
      throw new Unreadable()
    default:
      return set([char])
  }
}

const maxRepeats = 1_000

const readRepeat = (reader: Reader): Node => {
  const node = readAtom(reader)
  const rest = reader.pattern.slice(reader.at, reader.at + 24).join("")
  const quantifier = /^(?:[*?+]|\{(\d+)(,(\d*))?\})\??/.exec(rest)
  if (quantifier === null) return node
  reader.at += quantifier[0].length
  const [all, least, open, most] = quantifier
  if (least === undefined)
    return { type: "repeat", node, min: all.startsWith("+") ? 1 : 0, max: all.startsWith("?") ? 1 : Infinity }
  const min = Number(least)
  if (min > maxRepeats) throw new Unreadable()
  return {
    type: "repeat",
    node,
    min,
    max: open === undefined ? min : most === undefined || most === "" ? Infinity : Number(most)
  }
}

const readSequence = (reader: Reader): Node => {
  const nodes: Array<Node> = []
  while (reader.at < reader.pattern.length && !/[|)]/.test(reader.pattern[reader.at] ?? ""))
    nodes.push(readRepeat(reader))
  return { type: "sequence", nodes }
}

const readAlternatives = (reader: Reader): Node => {
  const nodes = [readSequence(reader)]
  while (accept(reader, "|")) nodes.push(readSequence(reader))
  return { type: "alternatives", nodes }
}

/** Where a match may end that begins at one of `from`: all positions at once, so that nothing is tried twice. */
const ends = (
  node: Node,
  text: ReadonlyArray<string>,
  from: ReadonlySet<number>,
  spend: (steps: number) => void
): ReadonlySet<number> => {
  spend(from.size)
  switch (node.type) {
    case "start":
      return new Set(from.has(0) ? [0] : [])
    case "end":
      return new Set(from.has(text.length) ? [text.length] : [])
    case "set": {
      const next = new Set<number>()
      for (const at of from) {
        const char = text[at]
        if (char !== undefined && node.characters.has(char) !== node.negated) next.add(at + 1)
      }
      return next
    }
    case "sequence":
      return node.nodes.reduce(
        (reached, each) => (reached.size === 0 ? reached : ends(each, text, reached, spend)),
        from
      )
    case "alternatives":
      return new Set(node.nodes.flatMap((each) => [...ends(each, text, from, spend)]))
    case "repeat": {
      const reached = new Set(node.min === 0 ? from : [])
      let last = from
      for (let times = 1; times <= node.max && last.size > 0; times += 1) {
        const next = ends(node.node, text, last, spend)
        // Beyond the least number of repeats, only positions that are new can lead anywhere new.
        last = times <= node.min ? next : new Set([...next].filter((at) => !reached.has(at)))
        if (times >= node.min) for (const at of last) reached.add(at)
      }
      return reached
    }
  }
}

const write = (node: Node, nth: number): string => {
  switch (node.type) {
    case "start":
    case "end":
      return ""
    case "set": {
      const allowed = node.negated ? printable.filter((each) => !node.characters.has(each)) : [...node.characters]
      return allowed[nth % Math.max(1, allowed.length)] ?? ""
    }
    case "sequence":
      return node.nodes.map((each) => write(each, nth)).join("")
    case "alternatives": {
      const chosen = node.nodes[nth % node.nodes.length]
      return chosen === undefined ? "" : write(chosen, Math.floor(nth / node.nodes.length))
    }
    case "repeat": {
      // An optional part may be what makes the text long enough.
      const times = Math.min(node.max, node.min + (nth % 4))
      return Array.from({ length: times }, () => write(node.node, nth))
        .join("")
        .slice(0, 10_000)
    }
  }
}

/** Positions that one test may look at; a text that needs more does not match. */
const maxSteps = 50_000
const maxLength = 2_000

class Spent extends Error {}

/** The pattern, or `null` when it is none that can be read. */
export const make = (pattern: string): Pattern | null => {
  try {
    const reader: Reader = { pattern: Array.from(pattern.slice(0, maxLength)), at: 0 }
    const node = readAlternatives(reader)
    if (reader.at < reader.pattern.length || pattern.length > maxLength) return null
    return {
      test: (text) => {
        const characters = Array.from(text.slice(0, maxLength))
        let steps = maxSteps
        try {
          const everywhere = new Set(Array.from({ length: characters.length + 1 }, (_, at) => at))
          return (
            ends(node, characters, everywhere, (taken) => {
              steps -= taken + 1
              if (steps < 0) throw new Spent()
            }).size > 0
          )
        } catch (error) {
          if (error instanceof Spent) return false
          throw error
        }
      },
      example: (nth) => write(node, nth)
    }
  } catch (error) {
    if (error instanceof Unreadable || error instanceof RangeError) return null
    throw error
  }
}
