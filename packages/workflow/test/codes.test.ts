import { assert, it } from "@effect/vitest"
import { expect } from "vitest"
import { allCodes, codes, toMarkdown } from "@penstock/workflow/diagnostic/Codes"

it("docs/diagnostics.md is what the table of codes says", async () => {
  await expect(toMarkdown()).toMatchFileSnapshot("../../../docs/diagnostics.md")
})

it("each code stands in the documentation once, with its severity", () => {
  const rows = toMarkdown().match(/^\| PS\d{3} \| \w+/gm)
  assert.deepStrictEqual(
    rows,
    allCodes.map((code) => `| ${code} | ${codes[code].severity}`)
  )
})
