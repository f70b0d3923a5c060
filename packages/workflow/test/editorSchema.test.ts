import { assert, it } from "@effect/vitest"
import { parse } from "yaml"
import { expect } from "vitest"
import { editorSchema } from "@penstock/workflow/document/EditorSchema"
import { compile } from "@penstock/workflow/types/Validate"
import { type Case, load } from "./Testdata.ts"

it("docs/workflow.schema.json is what the document's schema says", async () => {
  await expect(editorSchema()).toMatchFileSnapshot("../../../docs/workflow.schema.json")
})

it("the editor's schema takes what the checker takes", () => {
  const validate = compile(JSON.parse(editorSchema()))
  for (const { cases } of load<Case & { input: string }>("compiler")) {
    for (const { input, name } of cases) {
      assert.deepStrictEqual(validate(parse(input)), [], name)
    }
  }
  assert.isAbove(validate({ name: "a", steps: [{ id: "b", type: "shell" }], output: "c" }).length, 0)
})
