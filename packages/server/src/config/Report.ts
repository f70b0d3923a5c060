/** Where the checks of a configuration put what they find. */
import type { Path } from "./ConfigSource.ts"

type Tell = (path: Path, message: string, hint?: string | null, where?: "key" | "value") => void

export interface Report {
  readonly error: Tell
  readonly warning: Tell
  /** Where a key stands, for messages that name a second one: `penstock.yaml:3:9`. */
  readonly place: (path: Path) => string
}

/** The names that the file gives, also where what stands under them is wrong. */
export interface Names {
  readonly providers: ReadonlyArray<string>
  readonly models: ReadonlyArray<string>
  readonly keyCount: number
}
