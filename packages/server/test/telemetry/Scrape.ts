/** A strict reader of Prometheus' text format: whatever it does not know is an error. */

export interface Family {
  readonly type: string
  readonly samples: Array<{
    readonly name: string
    readonly labels: { readonly [name: string]: string }
    readonly value: number
  }>
}

const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/
const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy

const labelsOf = (text: string): { readonly [name: string]: string } => {
  const labels: Record<string, string> = {}
  label.lastIndex = 0
  while (label.lastIndex < text.length) {
    const match = label.exec(text)
    if (match === null) throw new Error(`not labels: ${text}`)
    const [, name = "", value = ""] = match
    if (name in labels) throw new Error(`the label ${name} twice: ${text}`)
    labels[name] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char))
  }
  return labels
}

const numberOf = (text: string): number => {
  const value = text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text)
  if (Number.isNaN(value)) throw new Error(`not a number: ${text}`)
  return value
}

const suffixes = { histogram: ["_bucket", "_sum", "_count"], counter: [""], gauge: [""] }

export const parse = (text: string): ReadonlyMap<string, Family> => {
  if (!text.endsWith("\n")) throw new Error("the last line does not end")
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let current: [string, Family] | null = null
  for (const each of text.slice(0, -1).split("\n")) {
    if (each.startsWith("#")) {
      const [, word, name = "", rest = ""] = meta.exec(each) ?? []
      if (word === undefined) throw new Error(`not a comment that means something: ${each}`)
      if (word === "TYPE") {
        if (families.has(name)) throw new Error(`${name} twice`)
        current = [name, { type: rest, samples: [] }]
        families.set(...current)
      }
      continue
    }
    const [, name = "", labels = "", value = ""] = line.exec(each) ?? []
    if (name === "" || current === null) throw new Error(`not a sample: ${each}`)
    const [family, { samples, type }] = current
    if (type !== "histogram" && type !== "counter" && type !== "gauge") throw new Error(`not a type: ${type}`)
    if (!suffixes[type].some((suffix) => name === family + suffix)) throw new Error(`${name} is not of ${family}`)
    const series = each.slice(0, each.lastIndexOf(" "))
    if (seen.has(series)) throw new Error(`${series} twice`)
    seen.add(series)
    samples.push({ name, labels: labelsOf(labels), value: numberOf(value) })
  }
  return families
}
