/** What README and examples show works as printed. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import * as path from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Penstock from "./support/Penstock.ts"

const root = path.resolve(import.meta.dirname, "..")
const exec = promisify(execFile)
let penstock: Awaited<ReturnType<typeof Penstock.start>>

beforeAll(async () => {
  penstock = await Penstock.start()
})
afterAll(async () => {
  await penstock.stop()
})

const run = async (command: string, args: ReadonlyArray<string>) => {
  const env = { PATH: process.env["PATH"], PENSTOCK_URL: `${penstock.url}/v1` }
  const { stdout } = await exec(command, [...args], { cwd: root, env, timeout: 60_000 })
  return stdout
}

/** Commands of the file's shell blocks that talk to a running server. */
const curls = readFileSync(path.join(root, "README.md"), "utf8")
  .split("```")
  .filter((block) => block.startsWith("sh\n"))
  .flatMap((block) => block.split("\n").filter((line) => line.startsWith("curl ")))

describe("README", () => {
  it("shows commands", () => {
    assert.isAtLeast(curls.length, 3)
  })

  for (const curl of curls) {
    it(`works as printed: ${curl.slice(0, 70)}`, async () => {
      const output = await run("sh", ["-c", curl.replaceAll("http://127.0.0.1:8080", penstock.url)])
      const answer = JSON.parse(output) as { readonly error?: unknown }
      assert.isUndefined(answer.error, output)
    })
  }
})

describe("examples", () => {
  it("openai-client streams, fills a schema and calls a tool", async () => {
    const output = await run(process.execPath, ["examples/dist/openai-client.js"])
    assert.match(output, /\(\d+ tokens\)/)
    assert.match(output, /"length":\s*80/)
    assert.match(output, /water_depth\(\{.*\}\)/)
    assert.match(output, /4\.2 metres/)
  })

  it("embed-gateway answers through layers, and through a double", async () => {
    const output = await run(process.execPath, ["examples/dist/embed-gateway.js"])
    assert.match(output, /Hello from a layer/)
    assert.match(output, /2 vectors, \d+ tokens\s+3 requests, \d+ tokens/)
    assert.match(output, /-- with a double\s+\[ \{ type: 'text', text: 'canned' \} \]/)
  })

  it("run-workflow runs a pipeline from a script, in ten lines, with the tokens as they come", async () => {
    const source = readFileSync(path.join(root, "examples/run-workflow.mjs"), "utf8")
    assert.isAtMost(source.split("\n").filter((line) => line !== "" && !line.startsWith("//")).length, 10)
    const output = await run(process.execPath, ["examples/run-workflow.mjs"])
    assert.match(output, /\n--\n.+\n\$0, \d+ tokens\n$/s)
  })

  it("workflow-effect runs a workflow on layers, with a tool and an approval of its own", async () => {
    const output = await run(process.execPath, ["examples/dist/workflow-effect.js"])
    assert.match(output, /step\.started steps\/review/)
    assert.match(output, /succeeded The water at the intake is 4\.2 metres deep\. \d+/)
  })

  it("curl.sh runs to its end", async () => {
    const { stdout } = await exec("sh", ["examples/curl.sh"], {
      cwd: root,
      env: { PATH: process.env["PATH"], PENSTOCK_URL: penstock.url },
      timeout: 60_000
    })
    assert.include(stdout, "data: [DONE]")
    assert.include(stdout, `{\\"width\\":12}`)
    assert.include(stdout, "OPENAI_API_KEY is not set")
  })
})
