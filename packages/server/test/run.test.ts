import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { run, RunFailed } from "@penstock/server/run"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

let directory: string
beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-run-"))
  fs.mkdirSync(path.join(directory, "workflows"))
  const write = (name: string, steps: string) =>
    fs.writeFileSync(path.join(directory, "workflows", `${name}.yaml`), `name: ${name}\nsteps:\n${steps}`)
  write("echo", `  - { id: say, type: llm, model: demo/echo, prompt: "\${input.text}", output: said }\noutput: said\n`)
  write("ask", `  - { id: ok, type: approve, prompt: Really?, output: said }\noutput: said\n`)
  write(
    "slow",
    `  - { id: rest, type: wait, for: 1h }\nfinally: [{ id: bye, type: emit, event: tidied, data: 1 }]\noutput: "\${1}"\n`
  )
})
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }))

const failure = async (work: Promise<unknown>): Promise<RunFailed> => {
  const error: unknown = await work.then(
    () => null,
    (error: unknown) => error
  )
  assert.instanceOf(error, RunFailed)
  return error
}

describe("run", () => {
  it("gives output, metrics and the run's id, and leaves no file behind", async () => {
    const tokens: Array<string> = []
    const result = await run(
      "echo",
      { text: "one two" },
      {
        directory,
        onEvent: ({ data, type }) => void (type === "token" && tokens.push((data as { text: string }).text))
      }
    )
    assert.deepStrictEqual(Object.keys(result), ["output", "metrics", "run_id"])
    assert.deepStrictEqual([result.output, tokens.join("")], ["one two", "one two"])
    assert.deepStrictEqual(fs.readdirSync(directory), ["workflows"])
  })

  it("keeps the run where a database is named", async () => {
    const database = path.join(directory, "kept", "some.db")
    fs.mkdirSync(path.dirname(database))
    await run("workflows/echo.yaml", { text: "kept" }, { directory, database })
    assert.includeMembers(fs.readdirSync(path.dirname(database)), ["some.db", "some-runs.db"])
  })

  it("asks the program what a step asks a person; without an answer nothing is approved", async () => {
    const { output } = await run(
      "ask",
      {},
      { directory, approve: ({ prompt }) => ({ approved: prompt === "Really?" }) }
    )
    assert.deepStrictEqual(output, { approved: true })
    const { failure: why } = await failure(run("ask", {}, { directory }))
    assert.deepInclude(why, { step: "ok", reason: "rejected" })
  })

  it("cancels by a signal, and what runs finally does so before it rejects", async () => {
    const leave = new AbortController()
    const seen: Array<string> = []
    const error = await failure(
      run(
        "slow",
        {},
        {
          directory,
          signal: leave.signal,
          onEvent: ({ type }) => {
            seen.push(type)
            if (type === "step.started") leave.abort()
          }
        }
      )
    )
    assert.strictEqual(error.message, "The run was cancelled.")
    assert.includeMembers(seen, ["tidied", "run.finished"])
  })

  it("rejects with what is wrong with the configuration, the name or the file", async () => {
    assert.include((await failure(run("ecko", {}, { directory }))).message, "Did you mean echo?")
    assert.include((await failure(run("nowhere.yaml", {}, { directory }))).message, "there is no such file")
    assert.include((await failure(run("echo", {}, { directory, config: "no.yaml" }))).message, "there is no such file")
  })
})
