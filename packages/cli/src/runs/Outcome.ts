/** What a run came to: the result on stdout, why there is none on stderr, and the exit code. */
import * as Terminal from "@effect/platform/Terminal"
import type { RunState } from "@penstock/schema/api/RunsApi"
import * as Effect from "effect/Effect"
import { CommandFailed } from "../CommandFailed.ts"
import { money } from "./Progress.ts"

export type Format = "json" | "text"

const resultOf = ({ error, metrics, output, run_id, status }: RunState): unknown =>
  status === "succeeded" ? { output, metrics, run_id } : { error, status, metrics, run_id }

const render = (run: RunState, format: Format): string => {
  if (format === "json") return JSON.stringify(resultOf(run), null, 2)
  if (run.status !== "succeeded") return ""
  return typeof run.output === "string" ? run.output : JSON.stringify(run.output, null, 2)
}

const failureText = ({ error, metrics, run_id, status }: RunState): string => {
  const why = error === null ? "" : ` at the step "${error.step}" (${error.reason}): ${error.message}`
  return `The run ${run_id} ${status === "failed" ? "failed" : `was ${status}`}${why}\nIt cost ${money(metrics?.total_cost_usd ?? null)}.`
}

/** Fails where the run did not succeed. */
export const tell = Effect.fnUntraced(function* (run: RunState, format: Format) {
  const terminal = yield* Terminal.Terminal
  const text = render(run, format)
  if (text !== "") yield* Effect.orDie(terminal.display(`${text}\n`))
  if (run.status === "succeeded") return
  return yield* new CommandFailed({
    exitCode: run.status === "rejected" ? 3 : 1,
    text: failureText(run),
    printed: true
  })
})
