/** The page that documents the configuration is what the Schema says. */
import { assert, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { expect } from "vitest"
import * as Reference from "./Reference.ts"

const example = fs.readFileSync(path.resolve(import.meta.dirname, "../../../../penstock.example.yaml"), "utf8")

it("docs/configuration.md is what the Schema says", async () => {
  await expect(Reference.toMarkdown(example)).toMatchFileSnapshot("../../../../docs/configuration.md")
})

it("each key has a meaning", () => {
  const silent = Reference.keys.filter(({ meaning }) => meaning === null).map(({ name }) => name)
  assert.deepStrictEqual(silent, [])
})

it("each key stands in the example of its section", () => {
  const without = Reference.keys.filter((key) => {
    const last = /\w+$/.exec(key.name)?.[0] ?? ""
    return !new RegExp(`(?:^|[\\s{,(#])${last}:`).test(Reference.exampleOf(example, Reference.sectionOf(key)))
  })
  assert.deepStrictEqual(
    without.map(({ name }) => name),
    []
  )
})
