import { assert, describe, it } from "@effect/vitest"
import { CommandFailed } from "@penstock/cli/CommandFailed"
import * as Screen from "@penstock/cli/runs/Screen"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"

/** A terminal that knows how to go up and to clear what is below, and nothing else. */
const terminal = () => {
  const lines: Array<string> = []
  const write = (text: string) => {
    let rest = text
    const up = /^\p{Cc}\[(\d+)A\p{Cc}\[J/u.exec(rest)
    if (up !== null) {
      lines.splice(Math.max(0, lines.length - Number(up[1])))
      rest = rest.slice(up[0].length)
    }
    assert.notInclude(rest, "\u001b")
    lines.push(...rest.split("\n").slice(0, -1))
  }
  return { columns: 80, write, lines }
}

const session = { state: () => Effect.fail(new CommandFailed({ exitCode: 1, text: "not now" })) }

const started = (path: string) => ({ type: "step.started", path, data: { type: "llm" } })

describe("the screen", () => {
  it.scoped("draws over itself, and leaves the lines of steps that have ended", () =>
    Effect.gen(function* () {
      const shown = terminal()
      const screen = yield* Screen.make(session, shown)
      yield* screen.event("run", started("steps/a"))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(shown.lines, 2)
      yield* screen.event("run", { type: "step.finished", path: "steps/a", data: {} })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(shown.lines, ["\u2713 a  1.0 s", "$0, 0 tokens"])
    })
  )

  it.scoped("does not erase what is said aside, nor draw into it", () =>
    Effect.gen(function* () {
      const shown = terminal()
      const screen = yield* Screen.make(session, shown)
      yield* screen.event("run", started("steps/a"))
      yield* TestClock.adjust("1 second")
      yield* screen.aside(
        Effect.gen(function* () {
          shown.write("a question\n")
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual(shown.lines, ["a question"])
        })
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([shown.lines[0], shown.lines.length], ["a question", 3])
    })
  )

  it.effect("is gone at the end, so that what is printed then stays", () =>
    Effect.gen(function* () {
      const shown = terminal()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const screen = yield* Screen.make(session, shown)
          yield* screen.event("run", started("steps/a"))
          yield* TestClock.adjust("1 second")
        })
      )
      assert.deepStrictEqual(shown.lines, [])
    })
  )
})
