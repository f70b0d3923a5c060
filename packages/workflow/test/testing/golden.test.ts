import { assert, describe, it } from "@effect/vitest"
import * as Golden from "@penstock/workflow/testing/Golden"
import * as FastCheck from "effect/FastCheck"
import { parse } from "yaml"

const file = (expect: string) => `# a file that somebody cares for
name:   spaced    # oddly, and it stays

steps:
  - { id: a, type: set, values: { x: 'single' } }   # flow
tests:
  # about the first
  - name: first
    input: { text: "double" }
${expect}
  # about the second
  - { name: second, input: {} }
`

describe("goldens", () => {
  it("replace what was expected, and nothing else of the text", () => {
    const text = Golden.write(file("    expect: { x: old } # why"), [{ index: 0, output: { x: "new" } }])
    assert.strictEqual(text, file('    expect: {"x":"new"} # why'))
  })

  it("are written as files are written where there was nothing", () => {
    const text = Golden.write(file("    mocks: {} # none"), [
      { index: 0, output: { x: "one\ntwo\n", list: [1, { y: null }] } }
    ])
    const written = [
      "    mocks: {} # none",
      "    expect:",
      "      x: |",
      "        one",
      "        two",
      "      list:",
      "        - 1",
      "        - y: null"
    ]
    assert.strictEqual(text, file(written.join("\n")))
  })

  it("fit into a test of one line", () => {
    const text = Golden.write(file("    mocks: {}"), [{ index: 1, output: "x: y # z" }])
    assert.include(text, '{ name: second, input: {}, expect: "x: y # z" }')
  })

  it("change nothing where the file says so already", () => {
    const text = file("    expect: {x:   [1,2]}")
    assert.strictEqual(Golden.write(text, [{ index: 0, output: { x: [1, 2] } }]), text)
  })

  it("are read back as they were, whatever they are, and leave the other tests and the comments", () => {
    const layouts = [
      "    expect: old",
      "    expect:\n      deep:\n        - 1 # one\n        - 2",
      "    expect: |\n      some\n      lines\n",
      "    expect: >-\n      folded\n",
      "    mocks: { a: 1 }",
      "    expect:",
      "    expect: old # a comment",
      '    expect:\n      "quoted key": x\n    mocks: {}'
    ]
    FastCheck.assert(
      FastCheck.property(FastCheck.constantFrom(...layouts), FastCheck.jsonValue(), (layout, output) => {
        const before = file(layout)
        const text = Golden.write(before, [{ index: 0, output }])
        const [first, second] = parse(text).tests
        assert.deepStrictEqual(first.expect, JSON.parse(JSON.stringify(output)))
        assert.deepStrictEqual([first.name, first.input], ["first", { text: "double" }])
        assert.deepStrictEqual(second, parse(before).tests[1])
        for (const comment of [
          "# a file that somebody",
          "# oddly, and it stays",
          "# about the first",
          "# about the second"
        ]) {
          assert.include(text, comment)
        }
      }),
      { numRuns: 500 }
    )
  })
})
