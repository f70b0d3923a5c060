/**
 * Whether a failure says that the prompt is too long. Anthropic has neither a type nor a code for it, so that its message
 * is looked at: the one place where a message is, and why, is in docs/decisions/2026-11-24-anthropic-context-length.md.
 *
 * Only a whole message of one of the two forms that Anthropic documents counts, and only in an `invalid_request_error`:
 * text of the caller's own that is quoted in another message is not taken for it.
 */
const forms: ReadonlyArray<RegExp> = [
  // "prompt is too long: 210011 tokens > 200000 maximum"
  /^prompt is too long(?:: \d+ tokens > \d+ maximum)?\.?$/,
  // "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000, decrease input length or …"
  /^input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+(?:, [^\n]*)?$/
]

export const isContextLength = (status: number | null, type: string, message: string): boolean =>
  (status === 400 || status === null) && type === "invalid_request_error" && forms.some((form) => form.test(message))
