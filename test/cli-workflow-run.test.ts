/** `penstock run` and `penstock runs` in one process, as they are used in a folder and in scripts. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as http from "node:http"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"

const bin = path.resolve(import.meta.dirname, "../packages/cli/dist/bin.js")

const slow = (name: string, time: string) => `name: ${name}
steps:
  - { id: before, type: llm, model: demo/echo, prompt: once, output: said, undo: [{ id: undone, type: set, values: { y: 1 } }] }
  - { id: rest, type: wait, for: ${time} }
finally: [{ id: last, type: set, values: { z: 1 } }]
output: said
`

const files: Readonly<Record<string, string>> = {
  "workflows/echo.yaml": `name: echo
inputs: { text: string, times?: integer }
steps: [{ id: say, type: llm, model: demo/echo, prompt: "\${input.text}", output: said }]
output: { said: "\${said}", times: "\${input.?times.orValue(1)}" }
`,
  "fails.yaml": `name: fails
steps: [{ id: no, type: fail, message: not today, code: closed }]
output: "\${1}"
`,
  "ask.yaml": `name: ask
steps: [{ id: ok, type: approve, prompt: Really?, form: { note: string }, output: said }]
output: said
`,
  "calls.yaml": `name: calls
steps: [{ id: other, type: workflow, uses: echo, with: { text: called }, output: given }]
output: "\${given.said}"
`,
  "wrong.yaml": `name: wrong
steps: [{ id: say, type: llm, model: demo/ehco, prompt: x, output: said }]
output: said
`,
  "slow.yaml": slow("slow", "8s"),
  "endless.yaml": slow("endless", "1h")
}

let cwd: string
beforeAll(() => {
  cwd = Penstock.temporaryFolder()
  fs.mkdirSync(path.join(cwd, "workflows"))
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(cwd, name), text)
})
afterAll(() => fs.rmSync(cwd, { recursive: true, force: true }))

/** Nobody answers there, whatever runs on this machine. */
const env = { OLLAMA_BASE_URL: "http://127.0.0.1:9", TRACKER: "sesame" }

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const begin = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, ...env },
    stdio: ["pipe", "pipe", "pipe"]
  })
  const output = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, ...output }))
  })
  return { child, ended }
}

const run = (...args: ReadonlyArray<string>) => {
  const { child, ended } = begin(...args)
  child.stdin.end()
  return ended
}

interface Run {
  readonly run_id: string
  readonly workflow: string
  readonly status: string
  readonly steps: ReadonlyArray<{ readonly id: string; readonly status: string; readonly attempts: number }>
}

const shown = async (id: string): Promise<Run> => JSON.parse((await run("runs", id, "--format", "json")).stdout)

/** Looks until the newest run of a workflow has a step that waits, and gives the run. */
const waitingRun = async (workflow: string): Promise<Run> => {
  for (let look = 0; look < 40; look++) {
    const { stdout } = await run("runs", "--format", "json")
    const [newest] = (JSON.parse(stdout) as { runs: ReadonlyArray<Run> }).runs
    if (newest?.workflow === workflow && newest.status === "waiting") return shown(newest.run_id)
  }
  throw new Error(`no run of ${workflow} came to wait`)
}

describe("penstock run", () => {
  it("prints the result and nothing else on stdout, nothing on stderr where nobody looks", async () => {
    const { code, stderr, stdout } = await run("run", "echo", "--input", "text=Hello", "--input", "times=3")
    assert.deepStrictEqual([code, stderr], [0, ""])
    const result = JSON.parse(stdout)
    assert.deepStrictEqual(Object.keys(result), ["output", "metrics", "run_id"])
    assert.deepStrictEqual(result.output, { said: "Hello", times: 3 })
    assert.strictEqual(result.metrics.steps[0].id, "say")
  })

  it("takes input that is piped in, and calls the workflows of the folder", async () => {
    const { child, ended } = begin("run", "workflows/echo.yaml", "--memory", "--input", "-")
    child.stdin.end('{"text": "piped"}')
    assert.strictEqual(JSON.parse((await ended).stdout).output.said, "piped")
    const { stdout } = await run("run", "calls.yaml", "--memory", "--format", "text")
    assert.strictEqual(stdout, "called\n")
  })

  it("exits with 1 where the run fails, and says why", async () => {
    const { code, stderr, stdout } = await run("run", "fails.yaml", "--memory")
    assert.strictEqual(code, 1)
    assert.include(stderr, 'failed at the step "no" (closed): not today')
    assert.strictEqual(JSON.parse(stdout).error.reason, "closed")
  })

  it("exits with 2 before anything runs where the input or the name is wrong", async () => {
    const bad = await run("run", "echo", "--memory", "--input", "txt=Hello")
    assert.deepStrictEqual([bad.code, bad.stdout], [2, ""])
    assert.include(bad.stderr, '"echo" does not take this input')
    const unknown = await run("run", "ecko", "--memory")
    assert.deepStrictEqual(
      [unknown.code, unknown.stderr.trim()],
      [2, 'There is no workflow "ecko". Did you mean echo?']
    )
  })

  it("is checked first, as `penstock check` does: what is wrong is told with its place, and nothing runs", async () => {
    const { code, stderr, stdout } = await run("run", "wrong.yaml", "--memory")
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.include(stderr, 'error[PS401]: there is no model "demo/ehco"')
    assert.include(stderr, "wrong.yaml:2:38")
    assert.include(stderr, 'did you mean "demo/echo"?')
  })

  it("is checked against the tools of its MCP servers as well, which are asked only where it uses some", async () => {
    const step = "{ id: look, type: mcp_tool, server: web, tool: search, params: { qurey: x }, output: said }"
    fs.writeFileSync(path.join(cwd, "looks.yaml"), `name: looks\nsteps: [${step}]\noutput: said\n`)
    const config = path.join(cwd, "web.yaml")
    const server = (args: string) =>
      `mcp: { servers: { web: { command: ${JSON.stringify(process.execPath)}, args: ${args} } } }\n`
    fs.writeFileSync(config, server(JSON.stringify([path.resolve(import.meta.dirname, "support/web.mjs")])))
    const { code, stderr, stdout } = await run("run", "looks.yaml", "--memory", "--config", config)
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.include(stderr, "qurey")
    assert.include(stderr, "did you mean")
    // One that would never answer is not even started.
    fs.writeFileSync(config, server('["-e", "setInterval(() => {}, 1e6)"]'))
    const { stdout: said } = await run("run", "calls.yaml", "--memory", "--format", "text", "--config", config)
    assert.strictEqual(said, "called\n")
  })

  it("sends the secrets that the configuration names, from the environment", async () => {
    const host = http.createServer(({ headers }, response) => response.end(`the key is ${headers["x-key"]}`))
    await once(host.listen(0, "127.0.0.1"), "listening")
    const address = host.address()
    if (address === null || typeof address === "string") throw new Error("no port")
    const authority = `127.0.0.1:${address.port}`
    const step = (name: string) =>
      `{ id: send, type: http, method: POST, url: "http://${authority}/", headers: { x-key: "\${secrets.${name}}" }, output: r }`
    fs.writeFileSync(path.join(cwd, "post.yaml"), `name: post\nsteps: [${step("tracker")}]\noutput: "\${r.body}"\n`)
    fs.writeFileSync(path.join(cwd, "typo.yaml"), `name: typo\nsteps: [${step("traker")}]\noutput: "\${r.body}"\n`)
    const config = path.join(cwd, "secret.yaml")
    fs.writeFileSync(config, `secrets: { tracker: "\${env.TRACKER}" }\nhttp: { allow_hosts: ["${authority}"] }\n`)
    try {
      const { stderr, stdout } = await run("run", "post.yaml", "--memory", "--format", "text", "--config", config)
      assert.deepStrictEqual([stdout, stderr], ["the key is sesame\n", ""])
      const typo = await run("run", "typo.yaml", "--memory", "--config", config)
      assert.strictEqual(typo.code, 2)
      assert.include(typo.stderr, 'there is no secret "traker"')
    } finally {
      host.close()
    }
  })

  it("does not approve for anybody: 3 where nobody can be asked, and the run waits until it is answered", async () => {
    const { code, stderr } = await run("run", "ask.yaml")
    assert.strictEqual(code, 3)
    const [, id = ""] = /penstock runs resume (run_\w+)/.exec(stderr) ?? []
    assert.strictEqual((await shown(id)).status, "waiting")
    const answered = await run("runs", "resume", id, "--approve", 'ok={"approved": true, "note": "fine"}')
    assert.deepStrictEqual(JSON.parse(answered.stdout).output, { approved: true, note: "fine" })
  })

  it("takes answers beforehand, and exits with 3 on a rejection", async () => {
    const { code, stderr } = await run("run", "ask.yaml", "--memory", "--approve", 'ok={"approved": false}')
    assert.strictEqual(code, 3)
    assert.include(stderr, "was rejected")
  })

  it("cancels on Ctrl-C: what undoes and what runs finally still does; exit 130", async () => {
    const { child, ended } = begin("run", "endless.yaml")
    const { run_id } = await waitingRun("endless")
    child.kill("SIGINT")
    assert.strictEqual((await ended).code, 130)
    const { status, steps } = await shown(run_id)
    assert.strictEqual(status, "cancelled")
    assert.includeMembers(
      steps.filter((step) => step.status === "succeeded").map(({ id }) => id),
      ["before", "undone", "last"]
    )
  })

  it("goes on where it was killed, and repeats no step", async () => {
    const { child, ended } = begin("run", "slow.yaml")
    const { run_id } = await waitingRun("slow")
    child.kill("SIGKILL")
    await ended
    const resumed = await run("runs", "resume", run_id, "--format", "text")
    assert.deepStrictEqual([resumed.code, resumed.stdout], [0, "once\n"], resumed.stderr)
    const { steps } = await shown(run_id)
    assert.deepStrictEqual(steps.find(({ id }) => id === "before")?.attempts, 1)
  })

  it("leaves the file alone that a server works on, and says what to do", async () => {
    const server = await Penstock.start({ cwd, env })
    try {
      const { code, stderr } = await run("run", "echo", "--input", "text=x")
      assert.strictEqual(code, 1)
      assert.include(stderr, "another process works on the runs")
      assert.include(stderr, "--server")
      // Reading is no work on it.
      assert.strictEqual((await run("runs")).code, 0)
    } finally {
      await server.stop()
    }
  })
})

describe("penstock runs", () => {
  it("makes no file by looking, and does not know runs that are not there", async () => {
    const database = path.join(cwd, "elsewhere.db")
    const { code, stdout } = await run("runs", "--database", database)
    assert.deepStrictEqual([code, stdout], [0, "There are no runs. Start one: penstock run FILE\n"])
    assert.isFalse(fs.existsSync(path.join(cwd, "elsewhere-runs.db")))
    assert.strictEqual((await run("runs", "run_nowhere")).code, 2)
  })
})
