import { assert, describe, it } from "@effect/vitest"
import { rank, sentencesOf, summary, top } from "@penstock/gateway/providers/demo/Sentences"
import * as fc from "effect/FastCheck"

describe("sentences", () => {
  it("are not ended by abbreviations, initials and decimals", () => {
    const text = "Dr. J. Smith paid 3.50 dollars, e.g. for tea. Did Mrs. Jones? Yes! The U.S. economy grew."
    assert.deepStrictEqual(sentencesOf(text), [
      "Dr. J. Smith paid 3.50 dollars, e.g. for tea.",
      "Did Mrs. Jones?",
      "Yes!",
      "The U.S. economy grew."
    ])
  })

  it("continue over a wrapped line, and end with a heading or a list item", () => {
    assert.deepStrictEqual(sentencesOf("A heading\n\nThe first\nsentence. The second.\n- One item\n- Another"), [
      "A heading",
      "The first sentence.",
      "The second.",
      "- One item",
      "- Another"
    ])
  })
})

describe("a summary", () => {
  const text =
    "Wind turbines turn the energy of wind into electricity. My cousin likes cheese. " +
    "Modern turbines produce electricity even when the wind is weak. The electricity of wind turbines is sent to the grid. " +
    "It was raining yesterday. A grid distributes electricity from wind and sun."

  it("holds the sentences that say what the others say, in the order of the text", () => {
    const chosen = top(rank(text), 3)
    assert.notInclude(chosen.join(" "), "cheese")
    assert.notInclude(chosen.join(" "), "raining")
    assert.deepStrictEqual(
      chosen,
      sentencesOf(text).filter((sentence) => chosen.includes(sentence))
    )
  })

  it("is made of sentences of the text, whatever the text, and the same every time", () => {
    fc.assert(
      fc.property(fc.oneof(fc.lorem({ mode: "sentences", maxCount: 30 }), fc.string({ unit: "binary" })), (text) => {
        const sentences = sentencesOf(text)
        const chosen = top(rank(text), 3)
        assert.isTrue(chosen.every((sentence) => sentences.includes(sentence)))
        assert.strictEqual(summary(text), summary(text))
      })
    )
  })

  it("is found in a long text with bounded work", () => {
    const long = Array.from({ length: 40_000 }, (_, i) => `Sentence ${i} is about wind and about grid ${i % 7}.`).join(
      " "
    )
    assert.isAtMost(rank(long).sentences.length, 150)
    assert.isNotEmpty(summary(long))
  })
})
