/** `${env.NAME}` inside a text of the configuration file; `$${` is a plain `${`. */

export interface Interpolated {
  readonly text: string
  /** Every variable that the text names, in order. */
  readonly variables: ReadonlyArray<string>
  /** Those of them that are not set. */
  readonly unset: ReadonlyArray<string>
  /** Placeholders that mean nothing here: `${OPENAI_API_KEY}`. */
  readonly unknown: ReadonlyArray<string>
}

const placeholder = /\$\$\{|\$\{([^}]*)\}?/g
const variable = /^env\.([A-Za-z_][A-Za-z0-9_]*)$/

export const interpolate = (text: string, lookup: (name: string) => string | undefined): Interpolated => {
  const variables: Array<string> = []
  const unset: Array<string> = []
  const unknown: Array<string> = []
  const result = text.replaceAll(placeholder, (whole: string, inner: string | undefined) => {
    if (whole === "$${") return "${"
    const name = variable.exec((inner ?? "").trim())?.[1]
    if (name === undefined || !whole.endsWith("}")) {
      unknown.push(whole)
      return whole
    }
    variables.push(name)
    const value = lookup(name)
    if (value === undefined) unset.push(name)
    return value ?? ""
  })
  return { text: result, variables, unset, unknown }
}

/** The variables that a text may name, comments included: what has to be read before it is interpolated. */
export const variablesIn = (text: string): ReadonlyArray<string> => [
  ...new Set(Array.from(text.matchAll(/\$\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}/g), (match) => match[1] ?? ""))
]
