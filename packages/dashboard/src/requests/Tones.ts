/** How an outcome looks. */
import type { Attempt, Status } from "@penstock/schema/LedgerEntry"
import type { Tone } from "../design/Parts.tsx"

const tones: { readonly [S in Status | Attempt["outcome"]]: Tone } = {
  ok: "good",
  error: "bad",
  partial: "warn",
  interrupted: "bad",
  open: "info"
}

export const toneOf = (outcome: Status | Attempt["outcome"]): Tone => tones[outcome]
