import { assert, describe, it } from "@effect/vitest"
import * as Progress from "@penstock/cli/runs/Progress"
import type { SessionEvent } from "@penstock/cli/runs/Session"

const event = (type: string, path: string | null, data: SessionEvent["data"] = {}): SessionEvent => ({
  type,
  path,
  data
})

const after = (...events: ReadonlyArray<SessionEvent>) =>
  events.reduce((progress, one, at) => Progress.apply(progress, one, at * 1000), Progress.empty)

describe("progress", () => {
  it("shows what goes on, with the end of what is written, and the cost below", () => {
    const progress = after(
      event("run.started", null),
      event("step.started", "steps/a", { type: "llm" }),
      event("token", "steps/a", { text: "one two " }),
      event("token", "steps/a", { text: "three\nfour" })
    )
    const [step, cost, ...others] = Progress.liveLines(progress, 5000, 0, 80)
    assert.match(step!, /^\S a {2}4\.0 s {2}one two three four$/)
    assert.deepStrictEqual([cost, others], ["$0, 0 tokens", []])
  })

  it("never writes past the edge of the terminal, nor anything that would move its cursor", () => {
    const progress = after(
      event("step.started", "steps/a", { type: "llm" }),
      event("token", "steps/a", { text: `\u001b[2J${"word ".repeat(100)}\r\n` })
    )
    for (const width of [20, 40, 80]) {
      for (const line of Progress.liveLines(progress, 0, 3, width)) {
        assert.isAtMost(line.length, width)
        assert.notMatch(line, /\p{Cc}/u)
      }
    }
  })

  it("tells of a step that ended how long it took and why it failed", () => {
    const progress = after(
      event("step.started", "steps/each/steps[2]/judge", { type: "llm" }),
      event("step.failed", "steps/each/steps[2]/judge", { attempts: 3, error: { message: "too slow" } })
    )
    const [row] = [...progress.rows.values()]
    assert.strictEqual(Progress.endedLine(row!, 80), "  \u2717 each[2]/judge  1.0 s  too slow, 3 attempts")
    assert.strictEqual(Progress.liveLines(progress, 0, 0, 80).length, 1)
  })

  it("does not show an unknown cost as nothing", () => {
    assert.deepStrictEqual([null, 0, 0.00123, 1.5].map(Progress.money), ["unknown cost", "$0", "$0.0012", "$1.50"])
  })
})
