import { assert, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as path from "node:path"

const root = path.resolve(import.meta.dirname, "..")

it("the compiler has Effect's diagnostics: an Effect that is created and never run is an error", () => {
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc")
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, "-p", path.join(root, "test/canary"), "--pretty", "false"],
    {
      encoding: "utf8"
    }
  )
  assert.notStrictEqual(status, 0)
  assert.match(stdout, /floating-effect\.ts\(5,3\): error .*effect\(floatingEffect\)/s)
  assert.strictEqual(stdout.match(/: error /g)?.length, 1, stdout)
})
