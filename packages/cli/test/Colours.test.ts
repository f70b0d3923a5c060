import { assert, describe, it } from "@effect/vitest"
import * as Colours from "@penstock/cli/Colours"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"

const withEnv = (env: { readonly [name: string]: string }) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))

describe("colours", () => {
  const cases: ReadonlyArray<readonly [env: Record<string, string>, atTerminal: boolean, elsewhere: boolean]> = [
    [{}, true, false],
    [{ NO_COLOR: "1" }, false, false],
    [{ NO_COLOR: "" }, true, false],
    [{ TERM: "dumb" }, false, false],
    [{ TERM: "xterm" }, true, false],
    [{ FORCE_COLOR: "1" }, true, true],
    [{ FORCE_COLOR: "0" }, false, false],
    [{ CLICOLOR_FORCE: "1" }, true, true],
    [{ CLICOLOR_FORCE: "0" }, true, false],
    [{ FORCE_COLOR: "1", TERM: "dumb" }, true, true],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, false]
  ]
  for (const [env, atTerminal, elsewhere] of cases) {
    it.effect(`with ${JSON.stringify(env)}: at a terminal ${atTerminal}, elsewhere ${elsewhere}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          [yield* Colours.areWanted(true), yield* Colours.areWanted(false)],
          [atTerminal, elsewhere]
        )
      }).pipe(withEnv(env))
    )
  }

  it.effect("have nothing to do with drawing over what was drawn: a dumb terminal and a pipe cannot", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* Colours.canRedraw(true).pipe(withEnv({ NO_COLOR: "1" })))
      assert.isFalse(yield* Colours.canRedraw(true).pipe(withEnv({ TERM: "dumb" })))
      assert.isFalse(yield* Colours.canRedraw(false).pipe(withEnv({ FORCE_COLOR: "1" })))
    })
  )
})
