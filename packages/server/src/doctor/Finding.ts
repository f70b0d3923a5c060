/** What one check of `penstock doctor` comes to. */

export interface Finding {
  /** What was looked at: `node`, `database`, `provider openai`. */
  readonly check: string
  /** `warn`: it works, but not as well as it may or not for long. `fail`: something will not work. */
  readonly status: "ok" | "warn" | "fail"
  readonly message: string
  /** What to do about it; null where there is nothing to do. */
  readonly hint: string | null
}

export const ok = (check: string, message: string): Finding => ({ check, status: "ok", message, hint: null })

export const warn = (check: string, message: string, hint: string | null = null): Finding => ({
  check,
  status: "warn",
  message,
  hint
})

export const fail = (check: string, message: string, hint: string | null = null): Finding => ({
  check,
  status: "fail",
  message,
  hint
})
