/** The questions, asked at a terminal whose keys are pressed by the test. */
import * as Terminal from "@effect/platform/Terminal"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Interview from "@penstock/cli/init/Interview"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"

const key = (name: string, input = name): Terminal.UserInput => ({
  input: Option.some(input),
  key: { name, ctrl: false, meta: false, shift: false }
})

const typed = (text: string) => [...text].map((letter) => key(letter))

/** What was shown, beside the answers. */
const interview = (given: Interview.Given, keys: ReadonlyArray<Terminal.UserInput>) =>
  Effect.gen(function* () {
    const pressed = yield* Mailbox.make<Terminal.UserInput>()
    yield* pressed.offerAll(keys)
    const shown: Array<string> = []
    const terminal = Terminal.Terminal.of({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      isTTY: Effect.succeed(true),
      readInput: Effect.succeed(pressed),
      readLine: Effect.succeed(""),
      display: (text) => Effect.sync(() => void shown.push(text))
    })
    const choices = yield* Interview.ask(given).pipe(Effect.provideService(Terminal.Terminal, terminal))
    return { choices, shown: shown.join("") }
  }).pipe(Effect.provide(NodeContext.layer))

const enter = key("enter", "\r")
const unanswered = { auth: Option.none(), budget: Option.none() }

describe("the interview", () => {
  it.live("takes what is chosen and typed", () =>
    Effect.gen(function* () {
      const { choices } = yield* interview(unanswered, [key("down", ""), enter, ...typed("2.5"), enter])
      assert.deepStrictEqual(choices, { auth: "keys", budget: 2.5 })
    })
  )

  it.live("takes the defaults for nothing typed", () =>
    Effect.gen(function* () {
      const { choices } = yield* interview(unanswered, [enter, enter])
      assert.deepStrictEqual(choices, { auth: "none", budget: null })
    })
  )

  it.live("asks nothing that a flag has answered", () =>
    Effect.gen(function* () {
      const { choices, shown } = yield* interview({ auth: Option.some("keys"), budget: Option.some(1) }, [])
      assert.deepStrictEqual(choices, { auth: "keys", budget: 1 })
      assert.strictEqual(shown, "")
    })
  )

  it.live("does not take a budget that the configuration would refuse", () =>
    Effect.gen(function* () {
      const backspace = key("backspace", "")
      const keys = [...typed("x"), enter, backspace, ...typed("7"), enter]
      const { choices, shown } = yield* interview({ ...unanswered, auth: Option.some("none") }, keys)
      assert.deepStrictEqual(choices, { auth: "none", budget: 7 })
      assert.include(shown, "It takes an amount in USD")
    })
  )
})
