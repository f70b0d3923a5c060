/** Patterns for the names of models: `*` stands for any characters, everything else for itself. */

/** Without a regular expression: neither a pattern with many stars nor a long name can make it slow. */
export const matches = (pattern: string, name: string): boolean => {
  let [p, n, star, resume] = [0, 0, -1, 0]
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p++
      resume = n
    } else if (pattern[p] === name[n]) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++resume
    } else {
      return false
    }
  }
  while (pattern[p] === "*") p++
  return p === pattern.length
}
