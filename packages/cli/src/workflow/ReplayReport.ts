/** What a replay showed, for a person and for a program. */
import { toUsd } from "@penstock/schema/Money"
import * as Differences from "@penstock/workflow/testing/Differences"
import { agrees, type Replay } from "@penstock/workflow/testing/Replay"
import { money, nameOf } from "../runs/Progress.ts"

export interface Again {
  readonly from: string | null
  readonly model: string | null
}

type Spent = Replay["spent"]["recorded"]

const usdOf = ({ cost }: Spent): number | null => (cost === null ? null : toUsd(cost))

const tokensOf = ({ inputTokens, outputTokens }: Spent): number => inputTokens + outputTokens

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, "  ")

const stepLine = ({ path, recorded, replayed }: Replay["steps"][number]): string => {
  if (recorded === null) return `${nameOf(path)}: only now (${replayed})`
  if (replayed === null) return `${nameOf(path)}: only then (${recorded})`
  return recorded === replayed ? `${nameOf(path)}: another outcome` : `${nameOf(path)}: ${recorded}, now ${replayed}`
}

const stepsText = ({ steps }: Replay): ReadonlyArray<string> =>
  steps.length === 0 ? [] : ["steps that came out otherwise:", ...steps.map((step) => indented(stepLine(step))), ""]

const differencesText = ({ differences }: Replay): ReadonlyArray<string> =>
  differences.length === 0 ? [] : [Differences.render(differences, "run"), ""]

const costText = ({ spent }: Replay): string => {
  const [then, now] = [usdOf(spent.recorded), usdOf(spent.replayed)]
  const tokens = `${tokensOf(spent.recorded)} tokens then, ${tokensOf(spent.replayed)} now`
  return `cost ${money(then)} then, ${money(now)} now; ${tokens}`
}

/** `-` is what was recorded, `+` what came now. */
export const text = (replay: Replay, { from, model }: Again): string => {
  const { recorded } = replay
  const head = `${recorded.id}  ${recorded.workflow}`
  if (from === null) {
    if (agrees(replay))
      return `${head}  agrees with its recording: ${recorded.status}, the same output, nothing was asked`
    return [`${head}  does not agree with its recording`, "", ...differencesText(replay), ...stepsText(replay)]
      .join("\n")
      .trimEnd()
  }
  const asked = model === null ? "" : ` with ${model}`
  const same = replay.differences.length === 0 ? ["the same output", ""] : differencesText(replay)
  return [`${head}  run again from ${from}${asked}`, "", ...same, ...stepsText(replay), costText(replay)].join("\n")
}

export const json = (replay: Replay, { from, model }: Again): string => {
  const { differences, diverged, recorded, replayed, spent, steps } = replay
  const side = ({ error, output, status }: Replay["recorded"], used: Spent) => ({
    status,
    output,
    error,
    cost_usd: usdOf(used),
    tokens: tokensOf(used)
  })
  return JSON.stringify(
    {
      run_id: recorded.id,
      workflow: recorded.workflow,
      from,
      model,
      agrees: agrees(replay),
      recorded: side(recorded, spent.recorded),
      replayed: side(replayed, spent.replayed),
      differences,
      steps,
      diverged
    },
    null,
    2
  )
}

/** Why the command fails; null where it does not. */
export const failureOf = (replay: Replay, { from }: Again): string | null => {
  if (from === null) return agrees(replay) ? null : "The replay does not agree with its recording."
  const { error, status } = replay.replayed
  if (status === "succeeded") return null
  return `The run ${status}${error === null ? "" : ` at the step "${error.step}" (${error.reason}): ${error.message}`}`
}
