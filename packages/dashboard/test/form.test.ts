/** Forms made from schemas, and graphs made from workflows. */
import { assert, describe, it } from "@effect/vitest"
import { compile } from "@penstock/workflow/compiler/Compiler"
import { graph } from "@penstock/workflow/compiler/Graph"
import { fieldsOf, read } from "@penstock/workflow/types/Form"
import { draw, drawnAs } from "../src/workflows/Layout.ts"

const schema = {
  type: "object",
  required: ["text", "size"],
  properties: {
    loud: { type: "boolean" },
    text: { type: "string", description: "What to say" },
    size: { type: "string", enum: ["s", "m"] },
    times: { type: "integer", default: 2 },
    more: { type: "array" }
  }
}

describe("a form", () => {
  it("has an input for everything that can be typed, needed ones first, and JSON for the rest", () => {
    assert.deepStrictEqual(
      fieldsOf(schema).map(({ kind, name, required }) => [name, kind, required]),
      [
        ["text", "text", true],
        ["size", "choice", true],
        ["loud", "boolean", false],
        ["times", "number", false],
        ["more", "json", false]
      ]
    )
    assert.deepStrictEqual(fieldsOf(null), [])
  })

  it("gives what was typed as values, leaves out what was not, and says what to mend", () => {
    const fields = fieldsOf(schema)
    assert.deepStrictEqual(read(fields, { text: "hi", size: "m", more: "[1]" }), {
      value: { text: "hi", size: "m", times: 2, more: [1] }
    })
    assert.deepStrictEqual(read(fields, { text: "hi" }), { problem: "size is needed." })
    assert.deepStrictEqual(read(fields, { text: "hi", size: "s", times: "two" }), { problem: "times is not a number." })
    assert.match(JSON.stringify(read(fields, { text: "hi", size: "s", more: "[" })), /more is not JSON/)
  })
})

const nested = `name: nested
steps:
  - { id: first, type: set, values: { list: [1, 2] }, output: made }
  - id: each
    type: foreach
    in: "\${made.list}"
    steps: [{ id: inner, type: set, values: { x: 1 }, output: x }]
    output: all
output: all
`

describe("a drawing", () => {
  it("has a box for every step, inner ones hanging on what they are inside of, none on top of another", () => {
    const { diagnostics, plan } = compile(nested)
    assert.isNotNull(plan, JSON.stringify(diagnostics))
    const { arrows, boxes } = draw(graph(plan!))
    assert.includeMembers(
      boxes.map(({ node }) => node.label),
      ["first", "each", "inner"]
    )
    assert.strictEqual(new Set(boxes.map(({ x, y }) => `${x} ${y}`)).size, boxes.length)
    assert.isTrue(arrows.some(({ inner, to }) => inner && to.endsWith("inner")))
  })

  it("knows the rounds of a step for the step", () => {
    assert.strictEqual(drawnAs("steps/each/steps[2]/judge"), "steps/each/steps/judge")
  })
})
