/**
 * The language is described by sentences; this holds, for each of them, the name of what would fail if it were not so.
 * A sentence whose case was renamed or taken away is told here.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { parse } from "yaml"
import { load } from "./Testdata.ts"

interface Sentence {
  readonly name: string
  readonly says: string
  /** `FILE > NAME`: a case of the data, or a test. */
  readonly by: ReadonlyArray<string>
}

const root = path.resolve(import.meta.dirname, "..")

const namesIn = (file: string): ReadonlyArray<string> =>
  parse(fs.readFileSync(path.join(root, "testdata", file), "utf8")).map(({ name }: { readonly name: string }) => name)

const isThere = (reference: string): boolean => {
  const [file = "", name = ""] = reference.split(/ > (.*)/s)
  if (name === "") return false
  if (!file.endsWith(".test.ts")) return namesIn(file).includes(name)
  return fs.readFileSync(path.join(root, file), "utf8").includes(name)
}

describe("the sentences of the language", () => {
  for (const { cases, file } of load<Sentence>("sentences")) {
    it(`in ${file} each have a case that is there`, () => {
      const missing = cases.flatMap(({ by, says }) => by.filter((one) => !isThere(one)).map((one) => `${says}: ${one}`))
      assert.deepStrictEqual(missing, [])
      assert.isTrue(cases.every(({ by }) => by.length > 0))
    })
  }
})
