import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const child = path.join(import.meta.dirname, "child.mjs")

/** Runs the program until it ends or has made so many calls and is killed. */
const program = (folder: string, mayCall: number) => {
  const files = [path.join(folder, "runs.db"), path.join(folder, "calls")]
  return spawnSync(process.execPath, [child, ...files, String(mayCall)], { encoding: "utf8", timeout: 60_000 })
}

const calls = ["first", "<first> 1", "<first> 2", '["<<first> 1>","<<first> 2>"]']

describe("a run that is killed goes on when the program starts again", () => {
  for (const before of [0, 1, 2, 3]) {
    it(`after ${before} of its steps: those are not called again, and the output is the same`, () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-runs-"))
      try {
        assert.strictEqual(program(folder, before).signal, "SIGKILL")
        const { stderr, stdout } = program(folder, 100)
        assert.strictEqual(
          stdout,
          JSON.stringify({ status: "succeeded", output: '<["<<first> 1>","<<first> 2>"]>' }),
          stderr
        )
        assert.deepStrictEqual(fs.readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n"), calls)
      } finally {
        fs.rmSync(folder, { recursive: true })
      }
    }, 120_000)
  }
})
