/** Which values of the configuration are secret, so that no message or excerpt shows them. */

export const isSecretPath = (path: ReadonlyArray<PropertyKey>): boolean => {
  const last = path.at(-1)
  return (
    last === "api_key" ||
    last === "admin_key" ||
    (last === "secret" && path[0] === "alerts") ||
    (last === "key" && path[0] === "keys") ||
    (path[0] === "secrets" && path.length > 1) ||
    (path[0] === "mcp" && path.length > 3 && path[3] === "env") ||
    path.includes("headers") ||
    path.includes("otlp_headers")
  )
}

const mask = (text: string): string => "*".repeat(text.length)

// What looks like a secret is masked too: in a file that is wrong, a key may stand where nobody expects one.
const named =
  /((?:[\w-]*(?:api[-_]?key|token|secret|password|authorization)|\bkey|admin[-_]?key)["']?\s*[:=]\s*)(?!\s|["']?\$\{env\.\w+\}["']?\s*(?:[,}#]|$))("[^"]*"?|'[^']*'?|[^\s#,}\]][^#,}\]]*)/gi
const shaped = /\b(?:sk|pk|rk)-[\w-]{6,}|\bBearer\s+\S+|(?<=:\/\/)[^\s/@:]+:[^\s/@]+(?=@)/g

/** A line with everything masked that looks like a secret. */
export const maskLine = (line: string): string =>
  line
    .replace(named, (_whole: string, key: string, value: string) => `${key}${mask(value)}`)
    .replace(shaped, (found) => mask(found))

/** A text with the given stretches masked, line breaks kept. */
export const maskRanges = (
  text: string,
  ranges: ReadonlyArray<{ readonly start: number; readonly end: number }>
): string =>
  ranges.reduce(
    (masked, { start, end }) =>
      masked.slice(0, start) + masked.slice(start, end).replaceAll(/[^\n\r]/g, "*") + masked.slice(end),
    text
  )

/** An address or connection string without the name and password in it. */
export const withoutCredentials = (address: string): string => address.replace(/(?<=:\/\/)[^\s/@]+@/, "")
