/**
 * The demo's tokens, an estimate that anyone can recount: a token is up to 16 characters without white space, together
 * with the white space before them. Joined, the tokens of a text are the text.
 */
export const tokensOf = function* (text: string): Generator<string> {
  for (const [token] of text.matchAll(/\s*\S{1,16}|\s+$/gu)) yield token
}

export const count = (text: string): number => {
  let tokens = 0
  for (const _ of tokensOf(text)) tokens += 1
  return tokens
}

/** The first `limit` tokens of a text, and how many there are. */
export const first = (text: string, limit: number): { readonly text: string; readonly count: number } => {
  let length = 0
  let taken = 0
  for (const token of tokensOf(text)) {
    if (taken === limit) break
    taken += 1
    length += token.length
  }
  return { text: text.slice(0, length), count: taken }
}
