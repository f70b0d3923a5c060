/** How a run's or a step's state looks. */
import type { RunStatus, StepStatus } from "@penstock/schema/Run"
import type { Tone } from "../design/Parts.tsx"

const tones: { readonly [S in RunStatus | StepStatus]: Tone } = {
  queued: "plain",
  running: "info",
  waiting: "warn",
  succeeded: "good",
  failed: "bad",
  rejected: "bad",
  cancelled: "plain",
  skipped: "plain"
}

export const toneOf = (status: RunStatus | StepStatus): Tone => tones[status]
