/** What became of the tests of workflow files, for a person and for a program. */
import { type Diagnostic, isError } from "@penstock/workflow/diagnostic/Diagnostic"
import * as Differences from "@penstock/workflow/testing/Differences"
import type { TestResult } from "@penstock/workflow/testing/WorkflowTest"
import * as WorkflowFile from "./WorkflowFile.ts"

export interface TestedFile {
  /** As it was given. */
  readonly shown: string
  readonly source: string
  /** Why nothing of it could be run; empty where it could. */
  readonly diagnostics: ReadonlyArray<Diagnostic>
  readonly results: ReadonlyArray<TestResult>
  /** Tests, by their place in the file, that now expect what they gave. */
  readonly recorded: ReadonlyArray<number>
}

type Verdict = "passed" | "failed" | "recorded"

const verdictOf = ({ differences, problems, test }: TestResult, { recorded }: TestedFile): Verdict => {
  if (recorded.includes(test.index)) return "recorded"
  return problems.length === 0 && differences.length === 0 ? "passed" : "failed"
}

const isBroken = ({ diagnostics }: TestedFile): boolean => diagnostics.some(isError)

/** A file that cannot be run counts as one that failed. */
export const count = (files: ReadonlyArray<TestedFile>): { readonly [verdict in Verdict]: number } => {
  const verdicts = files.flatMap((file) => file.results.map((result) => verdictOf(result, file)))
  const of = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length
  return { passed: of("passed"), recorded: of("recorded"), failed: of("failed") + files.filter(isBroken).length }
}

export const summary = (files: ReadonlyArray<TestedFile>): string => {
  const { failed, passed, recorded } = count(files)
  return [`${passed} passed`, ...(recorded > 0 ? [`${recorded} recorded`] : []), `${failed} failed`].join(", ")
}

const marks: { readonly [verdict in Verdict]: string } = {
  passed: "ok      ",
  failed: "FAILED  ",
  recorded: "recorded"
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, " ".repeat(12))

const fileText = (file: TestedFile): string => {
  if (isBroken(file)) return WorkflowFile.render(file.diagnostics, file.source)
  if (file.results.length === 0) return `${file.shown}\n  has no tests`
  const lines = file.results.flatMap((result) => {
    const verdict = verdictOf(result, file)
    const line = `  ${marks[verdict]}  ${result.test.name}`
    if (verdict === "passed") return [line]
    return [line, ...result.problems.map(indented), ...detail(result)]
  })
  return [file.shown, ...lines].join("\n")
}

const detail = ({ differences }: TestResult): ReadonlyArray<string> =>
  differences.length === 0 ? [] : [indented(Differences.render(differences, "output"))]

/** `-` is what was expected, `+` what came. */
export const text = (files: ReadonlyArray<TestedFile>): string =>
  [...files.map(fileText), ...(count(files).failed === 0 ? [summary(files)] : [])].join("\n\n")

export const json = (files: ReadonlyArray<TestedFile>): string =>
  JSON.stringify(
    {
      ...count(files),
      files: files.map((file) => ({
        file: file.shown,
        diagnostics: file.diagnostics,
        tests: file.results.map((result) => ({
          name: result.test.name,
          result: verdictOf(result, file),
          status: result.status,
          output: result.output,
          problems: result.problems,
          differences: result.differences
        }))
      }))
    },
    null,
    2
  )
