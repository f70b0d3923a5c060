/** `penstock doctor`, as people run it: on what is well, and on everything that can be wrong at once. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import * as Upstream from "./support/Upstream.ts"

interface Finding {
  readonly check: string
  readonly status: string
  readonly message: string
  readonly hint: string | null
}

const nobody = "http://127.0.0.1:9"

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = Penstock.temporaryFolder()
  try {
    await use(folder)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

const examine = async (cwd: string, options: Penstock.Options & { readonly flags?: ReadonlyArray<string> } = {}) => {
  const { flags = [], ...rest } = options
  const env = { OLLAMA_BASE_URL: nobody, PORT: "0", ...rest.env }
  const { code, stderr, stdout } = await Penstock.run(["doctor", "--format", "json", ...flags], { ...rest, cwd, env })
  const report = JSON.parse(stdout) as { readonly healthy: boolean; readonly findings: ReadonlyArray<Finding> }
  return {
    code,
    stderr,
    ...report,
    of: (check: string) => report.findings.filter((finding) => finding.check === check)
  }
}

const statuses = (findings: ReadonlyArray<Finding>) => findings.map(({ check, status }) => `${status} ${check}`)

describe("penstock doctor", () => {
  it("finds nothing to mend where nothing is configured, leaves nothing behind, and exits with 0", () =>
    withFolder(async (cwd) => {
      const { code, findings, healthy } = await examine(cwd, { env: { OLLAMA_BASE_URL: "" }, flags: ["--offline"] })
      assert.strictEqual(code, 0)
      assert.isTrue(healthy)
      assert.deepStrictEqual(
        statuses(findings).filter((line) => !line.endsWith(" disk")),
        [
          "ok node",
          "ok sqlite",
          "ok config",
          "ok database",
          "ok runs",
          "ok address",
          "warn provider openai",
          "warn provider anthropic",
          "ok provider ollama",
          "ok workflows"
        ]
      )
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    }))

  it("finds everything that is wrong at once, says what to do about each, and exits with 1", () =>
    withFolder(async (cwd) => {
      const upstream = await Upstream.start()
      upstream.next({ status: 401, body: { error: { message: "Incorrect API key", code: "invalid_api_key" } } })
      fs.writeFileSync(path.join(cwd, "penstock.db"), "this is no database, and never was one".repeat(100))
      fs.mkdirSync(path.join(cwd, "workflows"))
      fs.writeFileSync(path.join(cwd, "workflows/bad.yaml"), "name: bad\nsteps: []\noutput: nothing\n")
      fs.writeFileSync(
        path.join(cwd, "workflows/good.yaml"),
        "name: good\nsteps:\n  - {id: a, type: llm, model: demo/echo, prompt: hi, output: said}\noutput: said\n"
      )
      const config = "mcp: { servers: { gone: { command: no-such-program-at-all } } }\n"
      const env = { OPENAI_API_KEY: "sk-refused", OPENAI_BASE_URL: `${upstream.url}/v1` }
      const { code, healthy, of, stderr } = await examine(cwd, { config, env })
      assert.strictEqual(code, 1)
      assert.isFalse(healthy)
      for (const check of ["database", "provider openai", "provider ollama", "mcp gone"]) {
        const [finding] = of(check)
        assert.strictEqual(finding?.status, "fail", check)
        assert.isTrue((finding?.hint ?? finding?.message ?? "").length > 10, check)
      }
      assert.match(of("database")[0]?.message ?? "", /damaged or no database/)
      assert.match(of("provider openai")[0]?.hint ?? "", /key is refused/)
      assert.deepStrictEqual(statuses(of("workflows")), ["ok workflows", "fail workflows"])
      assert.match(of("workflows")[1]?.hint ?? "", /penstock check workflows\/bad\.yaml/)
      assert.notInclude(JSON.stringify(of("provider openai")), "sk-refused")
      assert.match(stderr, /5 checks failed/)
      await upstream.close()
    }))

  it("tells of a wrong configuration where it is wrong, and what was meant", () =>
    withFolder(async (cwd) => {
      const { code, findings, of } = await examine(cwd, { config: "serverr: {}\n" })
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(statuses(findings), ["ok node", "ok sqlite", "fail config"])
      assert.match(of("config")[0]?.message ?? "", /penstock\.yaml:1:1/)
      assert.match(of("config")[0]?.hint ?? "", /"server"/)
    }))

  it("asks nobody when it is offline", () =>
    withFolder(async (cwd) => {
      const upstream = await Upstream.start()
      const env = { OPENAI_API_KEY: "sk-any-key", OPENAI_BASE_URL: `${upstream.url}/v1` }
      const { of } = await examine(cwd, { env, flags: ["--offline"] })
      assert.strictEqual(of("provider openai")[0]?.status, "ok")
      assert.strictEqual(upstream.requests.length, 0)
      await upstream.close()
    }))

  it("looks at the database of a server that runs, and leaves it alone", () =>
    withFolder(async (cwd) => {
      const server = await Penstock.start({ cwd })
      const { port } = new URL(server.url)
      const { code, of } = await examine(cwd, { env: { PORT: port }, flags: ["--offline"] })
      assert.strictEqual(code, 0)
      for (const check of ["database", "runs"]) assert.match(of(check)[0]?.message ?? "", /is whole/, check)
      assert.strictEqual(of("address")[0]?.status, "warn")
      assert.match(of("address")[0]?.message ?? "", new RegExp(`Port ${port}`))
      assert.strictEqual((await server.stop()).code, 0)
    }))

  it("names the models of an Ollama, and tells of one that has none how to load one", () =>
    withFolder(async (cwd) => {
      let models: ReadonlyArray<{ readonly name: string; readonly model: string }> = []
      const ollama = http.createServer((_request, response) => {
        response.setHeader("content-type", "application/json").end(JSON.stringify({ models }))
      })
      await new Promise<void>((resolve) => ollama.listen(0, "127.0.0.1", resolve))
      const env = { OLLAMA_BASE_URL: `http://127.0.0.1:${(ollama.address() as AddressInfo).port}` }
      const empty = (await examine(cwd, { env })).of("provider ollama")[0]
      assert.strictEqual(empty?.status, "warn")
      assert.match(empty?.hint ?? "", /ollama pull/)
      models = [{ name: "qwen2.5:7b", model: "qwen2.5:7b" }]
      const full = (await examine(cwd, { env })).of("provider ollama")[0]
      assert.strictEqual(full?.status, "ok")
      assert.match(full?.message ?? "", /qwen2\.5:7b/)
      ollama.closeAllConnections()
      await new Promise((resolve) => ollama.close(resolve))
    }))

  it("is read by people line by line, without colours where nobody looks", () =>
    withFolder(async (cwd) => {
      const { stdout } = await Penstock.run(["doctor", "--offline"], { cwd, env: { PORT: "0" } })
      assert.match(stdout, /^ok {4}node: Node \d+/)
      assert.match(stdout, /\nwarn {2}provider openai: .+\n {6}-> Set OPENAI_API_KEY/)
      assert.notInclude(stdout, "\u001b")
    }))
})
