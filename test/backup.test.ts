/** What `docs/operating.md` prints of backups is done as printed: with the server running, and after its files are lost. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Markdown from "./support/Markdown.ts"
import * as Penstock from "./support/Penstock.ts"

const cwd = Penstock.temporaryFolder()
beforeAll(() => {
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(
    path.join(cwd, "workflows/said.yaml"),
    "name: said\nsteps:\n  - { id: say, type: llm, model: demo/echo, prompt: Hello, max_tokens: 9, output: said }\noutput: said\n"
  )
})
afterAll(() => fs.rmSync(cwd, { recursive: true, force: true }))

const start = () => Penstock.start({ cwd, env: { OLLAMA_BASE_URL: "http://127.0.0.1:9" } })

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
const json = async (response: Response): Promise<any> => response.json()

const blocks = Markdown.pages()
  .filter(({ name }) => name === "docs/operating.md")
  .flatMap((page) => page.blocks.filter(({ language }) => language === "sh"))

/** Runs the blocks that hold the text. */
const printed = (holding: string): string => {
  const found = blocks.filter(({ text }) => text.includes(holding))
  assert.isNotEmpty(found, holding)
  const script = found.map(({ text }) => text).join("\n")
  // SQLite's own shell need not be installed where tests run.
  const shell = `sqlite3() { '${process.execPath}' '${path.join(Markdown.root, "test/support/sqlite3.mjs")}' "$@"; }`
  const { status, stderr, stdout } = spawnSync("sh", ["-e", "-c", `${shell}\n${script}`], { cwd, encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
  return stdout
}

const runOne = async (url: string): Promise<string> => {
  const { run_id } = await json(await fetch(`${url}/v1/workflows/said/runs`, { method: "POST", body: "{}" }))
  // Its events end when it does.
  await (await fetch(`${url}/v1/runs/${run_id}/events`)).text()
  return run_id
}

const requests = async (url: string): Promise<ReadonlyArray<{ readonly id: string }>> =>
  (await json(await fetch(`${url}/v1/requests`))).requests

describe("a backup", () => {
  it(
    "made while the server runs brings back its ledger and its runs, as they were then",
    { timeout: 90_000 },
    async () => {
      const first = await start()
      const kept = await runOne(first.url)
      const before = await requests(first.url)
      assert.lengthOf(before, 1)
      printed(".backup")
      assert.strictEqual(printed("integrity_check"), "ok\nok\n")
      const lost = await runOne(first.url)
      await first.stop("SIGKILL")

      fs.rmSync(path.join(cwd, "penstock.db"))
      fs.writeFileSync(path.join(cwd, "penstock-runs.db"), "no database any more")
      printed("cp ledger-backup.db")
      const second = await start()
      try {
        assert.deepStrictEqual(await requests(second.url), before)
        const run = await json(await fetch(`${second.url}/v1/runs/${kept}`))
        assert.deepInclude(run, { status: "succeeded", output: "Hello" })
        assert.strictEqual((await fetch(`${second.url}/v1/runs/${lost}`)).status, 404)
        await runOne(second.url)
        assert.lengthOf(await requests(second.url), 2)
      } finally {
        await second.stop()
      }
    }
  )
})
