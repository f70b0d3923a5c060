import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, it } from "@effect/vitest"
import * as Http from "@penstock/workflow/runtime/Http"
import { run } from "@penstock/workflow/runtime/Run"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Workflows from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { make } from "./scripted.ts"

const source = (value: number) =>
  `name: named\nsteps: [{id: s, type: set, values: {x: ${value}}, output: r}]\noutput: \${r.x}\n`

it.effect("a folder's files are found by name, with their diagnostics, and read again when they change", () => {
  const files: Record<string, string> = { "a.yaml": source(1), "broken.yml": "name: b\n", "notes.txt": "no" }
  const layer = Workflows.layer("folder").pipe(
    Layer.provide(
      Layer.merge(
        FileSystem.layerNoop({
          readDirectory: () => Effect.succeed(Object.keys(files)),
          readFile: (path) => Effect.succeed(Buffer.from(files[path.split("/").at(-1)!]!, "latin1"))
        }),
        Path.layer
      )
    )
  )
  return Effect.gen(function* () {
    const workflows = yield* Workflows.Workflows
    assert.deepStrictEqual(
      (yield* workflows.list).map(({ file, plan }) => [file, plan !== null]),
      [
        ["broken.yml", false],
        ["a.yaml", true]
      ]
    )
    const before = yield* workflows.find("named")
    assert.strictEqual((yield* workflows.find("a"))?.name, "named")
    files["a.yaml"] = source(2)
    yield* workflows.reload
    assert.notStrictEqual((yield* workflows.find("named"))?.plan?.hash, before?.plan?.hash)
    assert.isNull(yield* workflows.find("notes"))
  }).pipe(Effect.provide(layer))
})

it.effect("a file that is no text is told by its place, and the others are not touched by it", () => {
  const layer = Workflows.layer("folder").pipe(
    Layer.provide(
      Layer.merge(
        FileSystem.layerNoop({
          readDirectory: () => Effect.succeed(["a.yaml", "bytes.yaml"]),
          readFile: (path) =>
            Effect.succeed(path.endsWith("a.yaml") ? Buffer.from(source(1)) : Buffer.from("name: \xff\n", "latin1"))
        }),
        Path.layer
      )
    )
  )
  return Effect.gen(function* () {
    const list = yield* Effect.flatMap(Workflows.Workflows, ({ list }) => list)
    assert.deepStrictEqual(
      list.map(({ diagnostics, file, plan }) => [file, plan !== null, diagnostics.map(({ code }) => code)]),
      [
        ["bytes.yaml", false, ["PS103"]],
        ["a.yaml", true, []]
      ]
    )
  }).pipe(Effect.provide(layer))
})

it.live("a text is run in one call", () =>
  Effect.gen(function* () {
    const { output, status } = yield* run(source(3), {})
    assert.deepStrictEqual([status, output], ["succeeded", 3])
  }).pipe(Effect.provide(Layer.mergeAll(make().layer, Tools.layerMemory(), Http.layerNone)))
)
