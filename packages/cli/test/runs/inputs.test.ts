import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Inputs from "@penstock/cli/runs/Inputs"

const schema = {
  type: "object",
  properties: {
    text: { type: "string" },
    count: { type: "integer" },
    tags: { type: "array" },
    either: { type: ["string", "number"] }
  }
}

const read = (given: ReadonlyArray<string>, of: unknown = schema) =>
  Inputs.read(given, of).pipe(Effect.provide(NodeContext.layer))

describe("--input", () => {
  it.effect(
    "is typed by what the workflow takes: a text that looks like a number stays one where a text is asked for",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* read(["text=12", "count=12", "tags=[1]", "either=7", "other=true"]), {
          text: "12",
          count: 12,
          tags: [1],
          either: "7",
          other: "true"
        })
      })
  )

  it.effect("takes JSON by field and as a whole, and the later wins", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read(['{"a": 1, "b": 2}', "b:=[true]", "c=x=y:z"], null), {
        a: 1,
        b: [true],
        c: "x=y:z"
      })
    })
  )

  it.effect("is an empty mapping where nothing is given", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read([]), {})
    })
  )

  it.effect("leaves what does not fit to the workflow's own check", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read(["count=many"]), { count: "many" })
    })
  )

  for (const wrong of ["text", "=x", "a:={", "{broken", "@/nowhere/at/all.json", "a=@/nowhere/at/all.txt"]) {
    it.effect(`refuses ${wrong} as a wrong command line`, () =>
      Effect.gen(function* () {
        const { exitCode, text } = yield* Effect.flip(read([wrong]))
        assert.strictEqual(exitCode, 2)
        assert.isNotEmpty(text)
      })
    )
  }
})
