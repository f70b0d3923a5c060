/** What every part of the checker is given. */
import type { Workflow } from "../document/Workflow.ts"
import type { Path } from "../parser/Node.ts"
import type { Catalogues } from "./Catalogues.ts"
import type { Context } from "./CheckText.ts"

export interface Walk extends Context {
  readonly workflow: Workflow
  readonly catalogues: Catalogues
  /** Keys that the decoder has told about already. */
  readonly unknownKeys: ReadonlyArray<Path>
}
