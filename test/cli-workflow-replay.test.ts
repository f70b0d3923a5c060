/** `penstock replay` against a scripted provider, which counts what it is asked; and runs at a server from the command line. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Upstream from "./support/Upstream.ts"

const workflow = `name: two
inputs: { topic: string }
steps:
  - { id: draft, type: llm, model: mock/small, prompt: "Draft on \${input.topic}", output: draft }
  - { id: polish, type: llm, model: mock/small, prompt: "Polish: \${draft}", output: text }
output: { text: "\${text}", run: "\${run.id}" }
`

const ask = `name: ask
steps: [{ id: ok, type: approve, prompt: Really?, form: { note: string }, output: said }]
output: said
`

let upstream: Upstream.Upstream
let cwd: string
beforeAll(async () => {
  upstream = await Upstream.start()
  upstream.always((request) => {
    const { messages, model } = request.json
    return Upstream.ordinary(request, { text: [`${model} on ${messages.at(-1).content.slice(0, 20)}`] })
  })
  cwd = Penstock.temporaryFolder()
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(path.join(cwd, "workflows/two.yaml"), workflow)
  fs.writeFileSync(path.join(cwd, "workflows/ask.yaml"), ask)
  fs.writeFileSync(path.join(cwd, "penstock.yaml"), Lab.config(upstream.url))
})
afterAll(async () => {
  await upstream.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

const run = (...args: ReadonlyArray<string>) =>
  Penstock.run(args, { cwd, env: { OLLAMA_BASE_URL: "http://127.0.0.1:9" } })

const recorded = async (): Promise<string> => {
  const { stdout } = await run("run", "two", "--input", "topic=dams")
  return JSON.parse(stdout).run_id
}

const asked = () => upstream.requests.filter(({ path }) => path.includes("chat")).length

describe("penstock replay", () => {
  it("executes the plan on what was recorded: the same output, and nobody is asked", async () => {
    const id = await recorded()
    const before = asked()
    const { code, stderr, stdout } = await run("replay", id)
    assert.strictEqual(code, 0, stderr)
    assert.include(stdout, "agrees with its recording")
    assert.strictEqual(asked(), before)
  })

  it("does so for the text that ran, whatever has become of the file", async () => {
    const id = await recorded()
    fs.writeFileSync(path.join(cwd, "workflows/two.yaml"), "name: two\nsteps: [")
    try {
      assert.strictEqual((await run("replay", id)).code, 0)
    } finally {
      fs.writeFileSync(path.join(cwd, "workflows/two.yaml"), workflow)
    }
  })

  it("runs the rest again with another model, and shows what differs in output and cost", async () => {
    const id = await recorded()
    const before = asked()
    const again = ["replay", id, "--from", "polish", "--model", "unpriced/large"]
    const { code, stdout } = await run(...again, "--format", "json")
    assert.deepStrictEqual([code, asked() - before], [0, 1])
    const report = JSON.parse(stdout)
    assert.deepStrictEqual(report.differences, [
      {
        path: "output.text",
        expected: "small on Polish: small on Dra",
        actual: "large on Polish: small on Dra"
      }
    ])
    assert.isAbove(report.recorded.cost_usd, 0)
    assert.isNull(report.replayed.cost_usd)
    const text = (await run(...again)).stdout
    assert.match(text, /run\.output\.text\n\s+- "small on.*\n\s+\+ "large on/)
    assert.match(text, /cost \$0\.\d+ then, unknown cost now/)
  })

  it("exits with 2 where there is no such run or step, and where a model is given and nothing is asked", async () => {
    const id = await recorded()
    const [noRun, noStep, noFrom] = [
      await run("replay", "run_nowhere"),
      await run("replay", id, "--from", "polsih"),
      await run("replay", id, "--model", "mock/large")
    ]
    assert.deepStrictEqual([noRun.code, noStep.code, noFrom.code], [2, 2, 2])
    assert.include(noStep.stderr, "There are: draft, polish.")
  })
})

describe("penstock run --server", () => {
  let server: Penstock.Penstock
  beforeAll(async () => {
    server = await Penstock.start({ cwd, env: { OLLAMA_BASE_URL: "http://127.0.0.1:9" } })
  })
  afterAll(async () => {
    await server.stop()
  })

  const at = (...args: ReadonlyArray<string>) => run(...args, "--server", server.url)

  it("gives the server's result, and the run is in its list", async () => {
    const { code, stderr, stdout } = await at("run", "two", "--input", "topic=dams")
    assert.strictEqual(code, 0, stderr)
    const { metrics, output, run_id } = JSON.parse(stdout)
    assert.strictEqual(output.text, "small on Polish: small on Dra")
    assert.lengthOf(metrics.steps, 2)
    const listed = JSON.parse((await at("runs", "--format", "json")).stdout)
    assert.include(
      listed.runs.map((one: { run_id: string }) => one.run_id),
      run_id
    )
    assert.match((await at("runs", run_id)).stdout, /polish\s+llm\s+succeeded/)
  })

  it("tells what is wrong with the name and the input as the server says it: exit 2", async () => {
    const name = await at("run", "tow")
    assert.strictEqual(name.code, 2)
    assert.include(name.stderr, "two")
    const input = await at("run", "two", "--input", "tpoic=x")
    assert.strictEqual(input.code, 2)
    assert.include(input.stderr, "topic")
    assert.strictEqual((await at("run", "workflows/two.yaml")).code, 2)
  })

  it("leaves a run waiting that nobody can be asked about, and answers it later", async () => {
    const left = await at("run", "ask")
    assert.strictEqual(left.code, 3)
    const [, id = ""] = /penstock runs resume (run_\w+)/.exec(left.stderr) ?? []
    const answered = await at("runs", "resume", id, "--approve", 'ok={"approved": true, "note": "fine"}')
    assert.deepStrictEqual([answered.code, JSON.parse(answered.stdout).output], [0, { approved: true, note: "fine" }])
  })

  it("cancels a run there", async () => {
    const left = await at("run", "ask")
    const [, id = ""] = /penstock runs resume (run_\w+)/.exec(left.stderr) ?? []
    const { code, stdout } = await at("runs", "cancel", id, "--format", "json")
    assert.deepStrictEqual([code, JSON.parse(stdout)], [0, { run_id: id, status: "cancelled" }])
    assert.strictEqual(JSON.parse((await at("runs", id, "--format", "json")).stdout).status, "cancelled")
  })

  it("says so where no server answers: exit 1", async () => {
    const { code, stderr } = await run("run", "two", "--server", "http://127.0.0.1:9")
    assert.strictEqual(code, 1)
    assert.include(stderr, "cannot be reached")
  })
})
