import { assert, describe, it } from "@effect/vitest"
import { type Box, drawing } from "@penstock/cli/graph/Layout"
import * as Mermaid from "@penstock/cli/graph/Mermaid"
import * as Svg from "@penstock/cli/graph/Svg"
import { compile } from "@penstock/workflow/compiler/Compiler"
import { type Graph, graph } from "@penstock/workflow/compiler/Graph"

const text = `
name: a <graph> & more
schedule: auto
steps:
  - {id: one, type: llm, model: m, prompt: hello, output: a}
  - {id: two, type: agent, model: m, prompt: hello, tools: [], max_turns: 2, output: b}
  - id: each
    type: foreach
    in: [1, 2]
    steps:
      - {id: judge, type: llm, model: m, prompt: "\${item} \${a}", output: j}
      - id: choose
        type: switch
        cases: [{when: "j == 'x'", steps: [{id: left, type: set, values: {x: 1}}]}]
        else: [{id: right, type: set, values: {x: 2}}]
    output: c
  - {id: ask, type: approve, prompt: "\${b} \${a}", if: "size(c) > 0"}
finally: [{id: tell, type: emit, event: done}]
output: c
`

const plan = compile(text).plan!
const drawn: Graph = graph(plan)

const within = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height

const overlap = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height

describe("a workflow's picture", () => {
  const { boxes, height, lines, width } = drawing(drawn)
  const byKey = new Map(boxes.map((box) => [box.node.key, box]))

  it("has a box for every step and a line for every wait", () => {
    assert.sameMembers(
      [...byKey.keys()],
      drawn.nodes.map(({ key }) => key)
    )
    assert.strictEqual(lines.length, drawn.edges.length)
    assert.isAbove(drawn.edges.length, 3)
  })

  it("has inner steps inside of their step, neighbours beside each other, and all of them on the sheet", () => {
    const sheet: Box = { node: boxes[0]!.node, x: 0, y: 0, width, height }
    for (const box of boxes) {
      assert.isTrue(within(box, sheet), box.node.key)
      if (box.node.parent !== null) assert.isTrue(within(box, byKey.get(box.node.parent)!), box.node.key)
      for (const other of boxes) {
        if (other !== box && other.node.parent === box.node.parent) assert.isFalse(overlap(box, other), box.node.key)
      }
    }
  })

  it("has what waits below what it waits for", () => {
    for (const { from, to } of drawn.edges) {
      assert.isAtLeast(byKey.get(to)!.y, byKey.get(from)!.y + byKey.get(from)!.height)
    }
  })

  it("is an image in which no name is markup", () => {
    const svg = Svg.render(drawn, plan.name)
    assert.include(svg, "<title>a &lt;graph&gt; &amp; more</title>")
    assert.notInclude(svg, "<graph>")
    assert.strictEqual(svg.match(/<rect /g)?.length, drawn.nodes.length)
    assert.notMatch(svg, /NaN|undefined|Infinity/)
  })

  it("is Mermaid text: blocks inside of steps, waits as arrows, what may be skipped dashed", () => {
    assert.strictEqual(
      Mermaid.render(drawn),
      `flowchart TD
  n0("one<br/><small>llm</small>")
  n1[["two<br/><small>agent</small>"]]
  subgraph n2["each<br/><small>foreach</small>"]
    subgraph n3["steps"]
      n4("judge<br/><small>llm</small>")
      subgraph n5["choose<br/><small>switch</small>"]
        subgraph n6["cases[0]"]
          n7["left<br/><small>set</small>"]
        end
        subgraph n8["else"]
          n9["right<br/><small>set</small>"]
        end
      end
    end
  end
  n10[/"ask<br/><small>approve</small>"/]
  subgraph n11["finally"]
    n12["tell<br/><small>emit</small>"]
  end
  n0 --> n2
  n4 --> n5
  n0 --> n10
  n1 --> n10
  n2 --> n10
  classDef conditional stroke-dasharray: 4 3
  class n10 conditional
`
    )
  })

  it("an empty label or one of quotes cannot end the text that it is in", () => {
    const nodes = [{ key: "k", label: 'a"b#c<d', type: "set" as const, parent: null, conditional: false }]
    assert.include(Mermaid.render({ nodes, edges: [] }), 'n0["a#quot;b#35;c#lt;d<br/>')
  })
})
