/** `penstock test`, as it is run in a folder of workflows. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"

const shipped = path.resolve(import.meta.dirname, "../workflows")

const inFolder = async (files: Record<string, string>, use: (cwd: string) => Promise<void>) => {
  const cwd = Penstock.temporaryFolder()
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(cwd, name), text)
  try {
    await use(cwd)
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true })
  }
}

const greeting = `name: greeting # who says it
steps:
  - { id: say, type: llm, model: gpt-4o-mini, prompt: Greet, output: said }
output: { said: "\${said}" }
tests:
  # the one that matters
  - name: says hello
    mocks: { say: Hello }
    expect: { said: Good day }
`

describe("penstock test", () => {
  it("passes on every pipeline that is shipped", async () => {
    const files = fs.readdirSync(shipped).map((name) => path.join(shipped, name))
    const { code, stdout } = await Penstock.run(["test", "--format", "json", ...files])
    const report = JSON.parse(stdout) as { failed: number; files: ReadonlyArray<{ tests: ReadonlyArray<unknown> }> }
    assert.deepStrictEqual([code, report.failed, report.files.length], [0, 0, 6])
    for (const { tests } of report.files) assert.isAtLeast(tests.length, 1)
  })

  it("shows what differs and exits with 1", () =>
    inFolder({ "greeting.yaml": greeting }, async (cwd) => {
      const { code, stderr, stdout } = await Penstock.run(["test", "greeting.yaml"], { cwd })
      assert.strictEqual(code, 1)
      assert.include(stdout, "FAILED    says hello")
      assert.match(stdout, /output\.said\n\s+- "Good day"\n\s+\+ "Hello"/)
      assert.strictEqual(stderr.trim(), "0 passed, 1 failed")
    }))

  it("records what came, leaves the rest of the file alone, and passes then", () =>
    inFolder({ "greeting.yaml": greeting }, async (cwd) => {
      const recorded = await Penstock.run(["test", "--record", "greeting.yaml"], { cwd })
      assert.strictEqual(recorded.code, 0, recorded.stderr)
      assert.include(recorded.stdout, "recorded  says hello")
      const text = fs.readFileSync(path.join(cwd, "greeting.yaml"), "utf8")
      assert.strictEqual(text, greeting.replace("expect: { said: Good day }", "expect:\n      said: Hello"))
      assert.strictEqual((await Penstock.run(["test", "greeting.yaml"], { cwd })).code, 0)
    }))

  it("does not record a test whose run went wrong", () =>
    inFolder({ "greeting.yaml": greeting.replace("mocks: { say: Hello }", "mocks: {}") }, async (cwd) => {
      const before = fs.readFileSync(path.join(cwd, "greeting.yaml"), "utf8")
      const { code, stdout } = await Penstock.run(["test", "--record", "greeting.yaml"], { cwd })
      assert.strictEqual(code, 1)
      assert.include(stdout, '"say" (llm) has no mock')
      assert.strictEqual(fs.readFileSync(path.join(cwd, "greeting.yaml"), "utf8"), before)
    }))

  it("fails on a file that cannot be run, and says where it is wrong", () =>
    inFolder({ "greeting.yaml": greeting.replace("${said}", "${siad}") }, async (cwd) => {
      const { code, stdout } = await Penstock.run(["test", "greeting.yaml"], { cwd })
      assert.strictEqual(code, 1)
      assert.match(stdout, /--> greeting\.yaml:4:/)
    }))

  it("exits with 2 on a file that is not there", async () => {
    const { code, stderr } = await Penstock.run(["test", "nowhere.yaml"])
    assert.strictEqual(code, 2)
    assert.include(stderr, "nowhere.yaml: there is no such file")
  })
})
