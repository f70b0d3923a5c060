/** The commands that look at workflow files, as their users run them. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Report } from "@penstock/workflow/diagnostic/Diagnostic"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as os from "node:os"
import * as path from "node:path"

const bin = path.resolve(import.meta.dirname, "../dist/bin.js")

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-workflows-"))
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/** Nobody answers there: what a command says does not depend on what runs on this machine. */
let ollama = "http://127.0.0.1:9"

const run = (...args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, OLLAMA_BASE_URL: ollama },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, stdout, stderr }))
  })

const file = (name: string, text: string): string => {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
  fs.writeFileSync(path.join(folder, name), text)
  return name
}

const good = `name: good
inputs: {text: string}
steps:
  - {id: one, type: llm, model: gpt-4o-mini, prompt: "Say \${input.text}", max_tokens: 100, retry: 2, output: said}
output: said
`

const bad = `name: bad
inputs: {text: string}
steps:
  - {id: one, type: llm, model: gpt-4o-mni, prompt: "Say \${inptu.text}", output: said}
output: sadi
`

const codes = (stdout: string): ReadonlyArray<string> =>
  Schema.decodeUnknownSync(Report)(JSON.parse(stdout)).diagnostics.map(
    ({ code, file, range, severity }) => `${severity} ${code} ${file}:${range.start.line}`
  )

describe("penstock check", () => {
  it("says nothing bad of a good file: exit 0", async () => {
    const { code, stdout } = await run("check", file("good.yaml", good))
    assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: "good.yaml: nothing to complain about\n" })
  })

  it("tells every mistake at once, with the line and what was meant: exit 1", async () => {
    const { code, stderr, stdout } = await run("check", file("bad.yaml", bad))
    assert.strictEqual(code, 1)
    assert.include(stdout, 'there is no model "gpt-4o-mni"')
    assert.include(stdout, "--> bad.yaml:4:60")
    assert.include(stdout, 'help: did you mean "input"?')
    assert.include(stdout, 'help: did you mean "said"?')
    assert.include(stderr, "1 of 1 file cannot be run.")
  })

  it("prints JSON for programs, whichever comes first, files or flags", async () => {
    file("good.yaml", good)
    file("bad.yaml", bad)
    const first = await run("check", "--format", "json", "good.yaml", "bad.yaml")
    const last = await run("check", "good.yaml", "bad.yaml", "--format", "json")
    assert.strictEqual(first.code, 1)
    assert.deepStrictEqual(codes(first.stdout), [
      "error PS401 bad.yaml:4",
      "error PS201 bad.yaml:4",
      "error PS201 bad.yaml:5"
    ])
    assert.strictEqual(last.stdout, first.stdout)
  })

  it("ends without a word when nobody reads any more, as other programs do: exit 141", async () => {
    file("good.yaml", good)
    const child = spawn(process.execPath, [bin, "check", "good.yaml"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"]
    })
    child.stdout.destroy()
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
    const code = await new Promise((resolve) => child.once("close", resolve))
    assert.deepStrictEqual({ code, said }, { code: 141, said: "" })
  })

  it("a warning is told and is no failure", async () => {
    const text = good.replace("inputs:", "budget: {usd: 0.000001}\ninputs:")
    const { code, stdout } = await run("check", "--format", "json", file("dear.yaml", text))
    assert.strictEqual(code, 0)
    assert.deepStrictEqual(codes(stdout), ["warning PS404 dear.yaml:2"])
  })

  it("knows the models of the configuration and the workflows of the folder, with their inputs", async () => {
    file("site/penstock.yaml", "models: {quick: demo/echo}\nworkflows: flows\n")
    file("site/flows/inner.yaml", good.replace("gpt-4o-mini", "quick").replace("good", "inner"))
    const outer = (given: string) =>
      `name: outer\nsteps:\n  - {id: call, type: workflow, uses: inner, with: ${given}, output: v}\noutput: v\n`
    file("site/flows/outer.yaml", outer("{text: hello}"))
    const check = (name: string) =>
      run("check", "--format", "json", "--config", "site/penstock.yaml", "--workflows", "site/flows", name)
    assert.deepStrictEqual(codes((await check("site/flows/inner.yaml")).stdout), [])
    assert.deepStrictEqual(codes((await check("site/flows/outer.yaml")).stdout), [])
    file("other.yaml", outer("{txt: hello}"))
    assert.deepStrictEqual(codes((await check("other.yaml")).stdout), [
      "error PS504 other.yaml:3",
      "error PS503 other.yaml:3"
    ])
  })

  describe("asks the MCP servers for their tools", () => {
    const fixture = path.resolve(import.meta.dirname, "../../gateway/test/mcp/fixtures/misbehaving.mjs")
    const step = (call: string) =>
      `name: tools\nsteps:\n  - {id: call, type: mcp_tool, ${call}, output: v}\noutput: v\n`
    const check = async (call: string, ...flags: ReadonlyArray<string>) => {
      const servers = { mine: { command: process.execPath, args: [fixture] } }
      file("tools/penstock.yaml", JSON.stringify({ mcp: { servers } }))
      file("tools.yaml", step(call))
      const { stdout } = await run(
        "check",
        "--format",
        "json",
        "--config",
        "tools/penstock.yaml",
        "tools.yaml",
        ...flags
      )
      return codes(stdout)
    }

    it("their names, their arguments and the types of these", async () => {
      assert.deepStrictEqual(await check("server: mine, tool: echo, params: {said: hello}"), [])
      assert.deepStrictEqual(await check("server: mine, tool: ecko, params: {said: hello}"), [
        "error PS502 tools.yaml:3"
      ])
      assert.deepStrictEqual(await check("server: mine, tool: echo, params: {said: 5}"), ["error PS505 tools.yaml:3"])
      assert.deepStrictEqual(await check("server: mine, tool: echo"), ["error PS504 tools.yaml:3"])
      assert.deepStrictEqual(await check("server: mien, tool: echo"), ["error PS501 tools.yaml:3"])
    })

    it("starts none when it is offline: the servers' names are known all the same", async () => {
      assert.deepStrictEqual(await check("server: mine, tool: ecko", "--offline"), [])
      assert.deepStrictEqual(await check("server: mien, tool: echo", "--offline"), ["error PS501 tools.yaml:3"])
    })

    it("warns where no server is set up at all", async () => {
      file("tools.yaml", step("server: web, tool: search"))
      assert.deepStrictEqual(codes((await run("check", "--format", "json", "tools.yaml")).stdout), [
        "warning PS506 tools.yaml:3"
      ])
    })
  })

  it("refuses a host that the configuration does not allow", async () => {
    file("hosts.yaml", "http: {allow_hosts: [api.example.com]}\n")
    const get = (host: string) =>
      file(
        "get.yaml",
        `name: get\nsteps:\n  - {id: get, type: http, method: GET, url: "https://${host}/x", output: v}\noutput: v\n`
      )
    const check = (name: string) => run("check", "--format", "json", "--config", "hosts.yaml", name)
    assert.deepStrictEqual(codes((await check(get("api.example.com"))).stdout), [])
    assert.deepStrictEqual(codes((await check(get("api.exmaple.com"))).stdout), ["error PS603 get.yaml:3"])
  })

  it("asks an Ollama that runs for its models, and nobody when it is offline", async () => {
    const asked: Array<string | undefined> = []
    const server = http.createServer((request, response) => {
      asked.push(request.url)
      response.setHeader("content-type", "application/json")
      response.end('{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest"}]}')
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const before = ollama
    ollama = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const name = file("local.yaml", good.replace("gpt-4o-mini", "mistral"))
      assert.deepStrictEqual(codes((await run("check", "--format", "json", "--offline", name)).stdout), [])
      assert.deepStrictEqual(asked, [])
      assert.deepStrictEqual(codes((await run("check", "--format", "json", name)).stdout), ["error PS401 local.yaml:4"])
      assert.deepStrictEqual(asked, ["/api/tags"])
      file("local.yaml", good.replace("gpt-4o-mini", "llama3.2"))
      assert.deepStrictEqual(codes((await run("check", "--format", "json", name)).stdout), [])
    } finally {
      ollama = before
      await new Promise((resolve) => server.close(resolve))
    }
  })

  it("without files checks the folder, and says so when there are none", async () => {
    file("some/a.yaml", good)
    file("some/b.yml", bad)
    file("some/notes.txt", "no workflow")
    const all = await run("check", "--workflows", "some", "--format", "json")
    assert.strictEqual(all.code, 1)
    assert.strictEqual(codes(all.stdout).length, 3)
    const none = await run("check", "--workflows", "nowhere")
    assert.strictEqual(none.code, 2)
    assert.include(none.stderr, "no workflow file in nowhere")
  })

  it("a file that does not exist, and a wrong configuration, exit with 2", async () => {
    const missing = await run("check", "missing.yaml")
    assert.strictEqual(missing.code, 2)
    assert.include(missing.stderr, "missing.yaml: there is no such file")
    const wrong = await run("check", "--config", file("wrong.yaml", "prot: 1\n"), file("good.yaml", good))
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, "--> wrong.yaml:1:1")
  })
})

describe("penstock plan", () => {
  it("shows the steps, the longest way, and what a run costs at most: attempts times the whole answer", async () => {
    const { code, stdout } = await run("plan", file("good.yaml", good), "--format", "json")
    assert.strictEqual(code, 0)
    const plan = JSON.parse(stdout) as { worst_usd: number; critical_path: unknown; steps: ReadonlyArray<unknown> }
    assert.deepStrictEqual(plan.critical_path, ["steps/one"])
    assert.deepInclude(plan.steps[0], { path: "steps/one", calls: "gpt-4o-mini", attempts: 3 })
    // 128,000 tokens in at 0.15 and 100 out at 0.6 USD per million, three times.
    assert.strictEqual(plan.worst_usd, (3 * (128_000 * 0.15 + 100 * 0.6)) / 1e6)
    assert.include((await run("plan", "good.yaml")).stdout, "at most      $0.05778")
  })

  it("of a file with mistakes are the mistakes: exit 1", async () => {
    const { code, stderr, stdout } = await run("plan", file("bad.yaml", bad))
    assert.deepStrictEqual({ code, stdout }, { code: 1, stdout: "" })
    assert.include(stderr, "error[PS401]")
  })
})

describe("penstock graph", () => {
  it("prints Mermaid, an image, or nodes and edges", async () => {
    file("good.yaml", good)
    assert.match((await run("graph", "good.yaml")).stdout, /^flowchart TD\n {2}n0\("one/)
    assert.match((await run("graph", "--format", "svg", "good.yaml")).stdout, /^<svg [^]*<\/svg>\n$/)
    const { nodes } = JSON.parse((await run("graph", "--format", "json", "good.yaml")).stdout) as {
      nodes: Array<object>
    }
    assert.deepInclude(nodes[0], { key: "steps/one", type: "llm" })
  })
})

describe("penstock new", () => {
  it("makes a file that the checker has nothing to say against, and never overwrites one", async () => {
    const made = await run("new", "my-flow", "--workflows", "fresh")
    assert.strictEqual(made.code, 0, made.stderr)
    const checked = await run("check", "fresh/my-flow.yaml", "--format", "json")
    assert.deepStrictEqual(codes(checked.stdout), [])
    fs.appendFileSync(path.join(folder, "fresh/my-flow.yaml"), "# mine\n")
    const again = await run("new", "my-flow", "--workflows", "fresh")
    assert.strictEqual(again.code, 1)
    assert.include(again.stderr, "exists already")
    assert.include(fs.readFileSync(path.join(folder, "fresh/my-flow.yaml"), "utf8"), "# mine")
  })

  it("takes no name that leads elsewhere", async () => {
    assert.strictEqual((await run("new", "../outside")).code, 2)
    assert.isFalse(fs.existsSync(path.join(folder, "outside.yaml")))
  })
})
