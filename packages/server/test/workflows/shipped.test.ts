/** Every pipeline in `workflows/` against the configuration that everybody starts with. */
import { assert, describe, it } from "@effect/vitest"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Settings from "@penstock/gateway/Settings"
import * as ModelCatalogue from "@penstock/server/workflows/ModelCatalogue"
import * as Collection from "@penstock/workflow/compiler/Collection"
import { compile } from "@penstock/workflow/compiler/Compiler"
import { allSteps, type Plan } from "@penstock/workflow/compiler/Plan"
import { editorSchema } from "@penstock/workflow/document/EditorSchema"
import * as Validate from "@penstock/workflow/types/Validate"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import * as path from "node:path"
import { parse } from "yaml"
import { assembled } from "../config/Assemble.ts"

const folder = path.resolve(import.meta.dirname, "../../../../workflows")

const sources: ReadonlyArray<Collection.Source & { readonly text: string }> = fs
  .readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .sort()
  .map((name) => ({ file: path.join(folder, name), text: fs.readFileSync(path.join(folder, name), "utf8") }))

const catalogues = Effect.gen(function* () {
  const { config } = yield* assembled({})
  const layer = Layer.merge(PriceBook.layer, ProviderRegistry.layer).pipe(
    Layer.provide(HttpTransport.layer),
    Layer.provideMerge(Settings.layer(config))
  )
  const models = yield* ModelCatalogue.make({ offline: true }).pipe(Effect.provide(layer))
  return { models, workflows: Collection.make(sources, { models }) }
})

/** What a step that calls somebody has to give; null for any value. */
const givenBy = (plan: Plan, id: string): Validate.Validate | null => {
  const action = allSteps(plan).find((step) => step.id === id)?.action
  if (action?.type !== "llm" && action?.type !== "agent") return null
  return Validate.compile(action.outputSchema ?? { type: "string" })
}

it("the pipelines that the README names are there", () => {
  assert.includeMembers(
    sources.map(({ file }) => Collection.stemOf(file)),
    ["research-agent", "review-batch", "smart-analysis", "summarize", "translate-and-check", "web-research"]
  )
})

for (const { file, text } of sources) {
  const name = Collection.stemOf(file)
  describe(`${name}`, () => {
    it.effect("is called like its file, and neither the checker nor an editor has anything to say", () =>
      Effect.gen(function* () {
        const { diagnostics, plan } = compile(text, { ...(yield* catalogues), file })
        assert.deepStrictEqual(diagnostics, [])
        assert.strictEqual(plan?.name, name)
        assert.isNotNull(plan?.description)
        assert.deepStrictEqual(Validate.compile(JSON.parse(editorSchema()))(parse(text)), [])
        const [, schema = ""] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? []
        assert.isTrue(fs.existsSync(path.resolve(folder, schema)), schema)
      })
    )

    it.effect("every chain of models ends in one that needs no key, and every answer has a bound", () =>
      Effect.gen(function* () {
        const { plan } = compile(text, yield* catalogues)
        for (const { action, id } of allSteps(plan!)) {
          if (action.type !== "llm" && action.type !== "agent") continue
          assert.match(action.models.at(-1) ?? "", /^demo\//, id)
          if (action.type === "llm") assert.isNotNull(action.maxTokens, id)
        }
      })
    )

    it.effect("has tests whose inputs, mocks and expectations are of the types that the file declares", () =>
      Effect.gen(function* () {
        const { document, plan } = compile(text, yield* catalogues)
        const tests = document?.tests ?? []
        assert.isAbove(tests.length, 0)
        for (const { expect, input, mocks } of tests) {
          assert.deepStrictEqual(Validate.compile(plan!.inputSchema!)(input), [])
          assert.deepStrictEqual(Validate.compile(plan!.outputSchema)(expect), [])
          assert.isAbove(Object.keys(mocks ?? {}).length, 0)
          for (const [id, value] of Object.entries(mocks ?? {})) {
            assert.deepStrictEqual(givenBy(plan!, id)?.(value) ?? [], [], id)
          }
        }
      })
    )
  })
}
