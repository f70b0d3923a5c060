import { assert, describe, it } from "@effect/vitest"
import { OutputText } from "@penstock/server/workflows/OutputText"
import * as FastCheck from "effect/FastCheck"

const source = "steps/say"

const token = (number: number, text: string, attempt = 1, step = source) => ({
  number,
  type: "token",
  step,
  data: { text, attempt },
  at: 0
})

describe("the text of a run's output", () => {
  it("is what the run gives, however its step wrote it, or nothing of it is claimed", () => {
    const attempts = FastCheck.array(FastCheck.array(FastCheck.constantFrom("a", "b", "ab"), { maxLength: 6 }), {
      maxLength: 4
    })
    FastCheck.assert(
      FastCheck.property(attempts, FastCheck.nat(3), (attempts, lost) => {
        const text = new OutputText(source)
        let sent = ""
        const events = attempts.flatMap((pieces, at) => pieces.map((piece) => ({ piece, attempt: at + 1 })))
        for (const [at, { attempt, piece }] of events.entries()) {
          // The first ones may be told before anybody listens.
          if (at >= lost) sent += text.take(token(at + 1, piece, attempt))
        }
        const output = attempts.at(-1)?.join("") ?? ""
        const rest = text.finish(output)
        if (rest === null) assert.isFalse(output.startsWith(sent))
        else assert.strictEqual(sent + rest, output)
      })
    )
  })

  it("leaves out the tokens of other steps, and is sent at once", () => {
    const text = new OutputText(source)
    assert.strictEqual(text.take(token(1, "no", 1, "steps/think")), "")
    assert.strictEqual(text.take(token(2, "yes")), "yes")
  })

  it("of a further attempt goes on behind what was sent, where both agree", () => {
    const text = new OutputText(source)
    assert.strictEqual(text.take(token(1, "Water is")), "Water is")
    assert.strictEqual(text.take(token(2, "Water", 2)), "")
    assert.strictEqual(text.take(token(3, " is wet", 2)), " wet")
    assert.strictEqual(text.finish("Water is wet."), ".")
    assert.isNull(text.finish("Fire is hot"))
  })
})
