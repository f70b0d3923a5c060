/** The files of the workflows' folder, checked as `penstock check` does. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FilePath from "@effect/platform/Path"
import { compile } from "@penstock/workflow/compiler/Compiler"
import * as Diagnostic from "@penstock/workflow/diagnostic/Diagnostic"
import * as Effect from "effect/Effect"
import * as Workbench from "../workflows/Workbench.ts"
import { type Finding, fail, ok, warn } from "./Finding.ts"

export const examine: (
  options: Workbench.Options
) => Effect.Effect<ReadonlyArray<Finding>, never, FileSystem.FileSystem | FilePath.Path> = Effect.fn(
  "WorkflowChecks.examine"
)(
  function* (options: Workbench.Options) {
    const paths = yield* FilePath.Path
    const { catalogues, folder, stored } = yield* Workbench.open(options)
    const shown = (file: string): string => paths.relative(options.directory, file)
    if (stored.length === 0) return [ok("workflows", `there is no file in ${shown(folder)}`)]
    const known = catalogues([])
    const findings = stored.flatMap(({ file, text }): ReadonlyArray<Finding> => {
      const { diagnostics } = compile(text, { ...known, file: shown(file) })
      const errors = diagnostics.filter(Diagnostic.isError)
      const [first] = errors.length > 0 ? errors : diagnostics.filter(({ severity }) => severity === "warning")
      if (first === undefined) return []
      const message = `${first.file}:${first.range.start.line}: ${first.message} (${first.code})`
      const hint = `See everything with: penstock check ${shown(file)}`
      return [errors.length > 0 ? fail("workflows", message, hint) : warn("workflows", message, hint)]
    })
    const good = stored.length - findings.length
    return [...(good === 0 ? [] : [ok("workflows", `${good} of ${stored.length} files are right`)]), ...findings]
  },
  Effect.orElseSucceed((): ReadonlyArray<Finding> => [])
)
