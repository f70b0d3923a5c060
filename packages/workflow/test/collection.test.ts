import { assert, describe, it } from "@effect/vitest"
import * as Collection from "@penstock/workflow/compiler/Collection"
import { compile } from "@penstock/workflow/compiler/Compiler"
import * as World from "./World.ts"

const { models } = World.load()

const leaf = (name: string, more = "") =>
  `name: ${name}\ninputs: {text: string}\nsteps:\n  - {id: one, type: llm, model: gpt-4o, prompt: hello, max_tokens: 10, output: v}\n${more}output: v\n`

const caller = (name: string, uses: string) =>
  `name: ${name}\nsteps:\n  - {id: call, type: workflow, uses: ${uses}, with: {text: x}, output: v}\noutput: v\n`

const check = (text: string, workflows: ReturnType<typeof Collection.make>) =>
  compile(text, { models, workflows }).diagnostics.map(({ code, message }) => `${code} ${message}`)

describe("a folder of workflows", () => {
  it("is known by the names and by the files' names", () => {
    const all = Collection.make([{ file: "flows/shorten.yaml", text: leaf("Make it short") }])
    assert.deepStrictEqual(all.names, ["Make it short", "shorten"])
    assert.strictEqual(all.find("shorten"), all.find("Make it short"))
    assert.isNull(all.find("other"))
  })

  it("tells inputs, output and the worst case, through all that it calls", () => {
    const all = Collection.make(
      [
        { file: "a.yaml", text: caller("a", "b") },
        { file: "b.yaml", text: leaf("b") }
      ],
      { models }
    )
    assert.isAbove(all.find("b")?.worstCost ?? 0, 0)
    assert.strictEqual(all.find("a")?.worstCost, all.find("b")?.worstCost)
    assert.deepStrictEqual(all.find("a")?.calls, ["b"])
  })

  it("ends where workflows call each other in a circle, and each of them says so", () => {
    const sources = [
      { file: "a.yaml", text: caller("a", "b") },
      { file: "b.yaml", text: caller("b", "a") }
    ]
    const all = Collection.make(sources, { models })
    assert.deepStrictEqual(check(sources[0]!.text, all), ["PS214 this workflow calls itself: a \u2192 b \u2192 a"])
    assert.deepStrictEqual(check(sources[1]!.text, all), ["PS214 this workflow calls itself: b \u2192 a \u2192 b"])
  })

  it("a workflow with mistakes still exists, and one that cannot be read does not", () => {
    const all = Collection.make(
      [
        { file: "a.yaml", text: leaf("a", "catch: [{id: two, type: fail, message: '${nothing}'}]\n") },
        { file: "b.yaml", text: "name: [" }
      ],
      { models }
    )
    assert.isNotNull(all.find("a"))
    assert.isNull(all.find("b"))
  })
})
