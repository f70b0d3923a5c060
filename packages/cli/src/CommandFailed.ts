/** A command that ends in a message and an exit code of its own. */
import * as Data from "effect/Data"

export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  /**
   * 1: it could not be done. 2: the configuration or the command line is wrong. 3: a run waits for somebody, or somebody
   * rejected it.
   */
  readonly exitCode: 1 | 2 | 3
  /** For a terminal, on stderr. */
  readonly text: string
  /** Its result is on stdout, and says itself what is wrong. */
  readonly printed?: true
}> {}
