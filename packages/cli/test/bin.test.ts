/** The command as its users run it: the built file, in a process and a folder of its own. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as os from "node:os"
import * as path from "node:path"

const bin = path.resolve(import.meta.dirname, "../dist/bin.js")

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-cli-"))
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

const run = (args: ReadonlyArray<string>, env: { readonly [name: string]: string } = {}): Promise<Result> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, ...env },
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
  fs.writeFileSync(path.join(folder, name), text)
  return name
}

describe("penstock", () => {
  it("--version is that of package.json", async () => {
    const manifest = fs.readFileSync(path.resolve(import.meta.dirname, "../package.json"), "utf8")
    const { version } = JSON.parse(manifest) as { version: string }
    assert.deepStrictEqual(await run(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" })
  })

  it("--help names the commands", async () => {
    const { code, stdout } = await run(["--help"])
    assert.strictEqual(code, 0)
    assert.include(stdout, "serve")
    assert.include(stdout, "config")
  })

  it("a wrong command line exits with 2", async () => {
    assert.strictEqual((await run(["srve"])).code, 2)
    assert.strictEqual((await run(["serve", "--port", "many"])).code, 2)
  })
})

describe("penstock config", () => {
  it("prints what is in force, in YAML and JSON, and no secret", async () => {
    const name = file("good.yaml", "server: {port: 4321}\nkeys: [{name: alice, key: hunter2-alice}]\n")
    const env = { OPENAI_API_KEY: "hunter2-openai" }
    const yaml = await run(["config", "--config", name], env)
    assert.strictEqual(yaml.code, 0, yaml.stderr)
    assert.include(yaml.stdout, "port: 4321")
    const json = await run(["config", "--config", name, "--format", "json"], env)
    const printed = JSON.parse(json.stdout) as { server: { port: number }; keys: ReadonlyArray<{ key: string }> }
    assert.strictEqual(printed.server.port, 4321)
    assert.strictEqual(printed.keys[0]?.key, "<redacted>")
    assert.notInclude(yaml.stdout + yaml.stderr + json.stdout + json.stderr, "hunter2")
  })

  it("a wrong file exits with 2 and says where and what on stderr", async () => {
    const name = file("bad.yaml", "server:\n  prot: 1\n")
    const { code, stderr, stdout } = await run(["config", "--config", name])
    assert.strictEqual(code, 2)
    assert.strictEqual(stdout, "")
    assert.include(stderr, "--> bad.yaml:2:3")
    assert.include(stderr, 'help: did you mean "port"?')
  })

  it("a file that does not exist exits with 2", async () => {
    const { code, stderr } = await run(["config", "--config", "none.yaml"])
    assert.strictEqual(code, 2)
    assert.include(stderr, "there is no such file")
  })
})

describe("penstock serve", () => {
  it("does not start with a wrong configuration: exit 2", async () => {
    const name = file("worse.yaml", "models: {a: a}\n")
    const { code, stderr } = await run(["serve", "--config", name, "--port", "0"])
    assert.strictEqual(code, 2)
    assert.include(stderr, "--> worse.yaml:1:13")
  })

  it("does not open itself to the network without keys: exit 2", async () => {
    const { code, stderr } = await run(["serve", "--host", "0.0.0.0", "--port", "0"])
    assert.strictEqual(code, 2)
    assert.include(stderr, "--> --host")
    assert.include(stderr, "--insecure")
  })

  it("says which port is in use and how to choose another: exit 1", async () => {
    const other = http.createServer()
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const { port } = other.address() as AddressInfo
    try {
      const { code, stderr } = await run(["serve", "--port", String(port)])
      assert.strictEqual(code, 1)
      assert.include(stderr, `Port ${port} on 127.0.0.1 is in use`)
      assert.include(stderr, "--port")
    } finally {
      await new Promise((resolve) => other.close(resolve))
    }
  })
})

describe("the command line", () => {
  it("explains itself without colours where nobody looks, with them where they are wanted", async () => {
    const { code, stdout } = await run(["--help"])
    assert.strictEqual(code, 0)
    assert.notInclude(stdout, "\u001b")
    assert.include((await run(["--help"], { FORCE_COLOR: "1" })).stdout, "\u001b")
  })

  it("completes itself in bash, zsh and fish", async () => {
    for (const shell of ["zsh", "fish"]) {
      const { code, stdout } = await run(["--completions", shell])
      assert.strictEqual(code, 0)
      for (const name of ["serve", "doctor", "offline"]) assert.include(stdout, name, shell)
    }
    const { stdout } = await run(["--completions", "bash"])
    const complete = (...words: ReadonlyArray<string>): ReadonlyArray<string> => {
      const [last = ""] = words.slice(-1)
      const script = `${stdout}
        COMP_WORDS=(penstock ${words.join(" ")}); COMP_CWORD=${words.length}
        _penstock_bash_completions penstock ${last}
        printf '%s\\n' "\${COMPREPLY[@]}"`
      const shell = spawnSync("bash", ["-c", script], { encoding: "utf8" })
      assert.deepStrictEqual([shell.status, shell.stderr], [0, ""])
      return shell.stdout.trim().split("\n")
    }
    assert.deepStrictEqual(complete("ru"), ["run", "runs"])
    assert.deepStrictEqual(complete("mcp", "ca"), ["call"])
    assert.deepStrictEqual(complete("check", "--for"), ["--format"])
  })
})

/** Writes the address of every module that Node loads to stderr. */
const tracing = (() => {
  const script = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`
  const hooks = script(`import { writeSync } from "node:fs"
    export const load = (url, context, next) => (writeSync(2, url + "\\n"), next(url, context))`)
  return script(`import { register } from "node:module"; register(${JSON.stringify(hooks)})`)
})()

const loaded = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const { code, stderr } = await run(args, { NODE_OPTIONS: `--import=${tracing}` })
  assert.strictEqual(code, 0, stderr)
  return stderr.trim().split("\n")
}

describe("a start", () => {
  it("for the version alone loads nothing else", async () => {
    const modules = (await loaded("--version")).filter((url) => !url.startsWith("node:"))
    assert.deepStrictEqual(
      modules.map((url) => path.basename(url)),
      ["bin.js", "Version.js"]
    )
  })

  it("for help loads neither server nor gateway nor what they stand on", async () => {
    const modules = await loaded("check", "--help")
    assert.isTrue(modules.some((url) => url.endsWith("/workflow/CheckCommand.js")))
    const heavy =
      /packages\/gateway|packages\/server\/(?!dist\/config\/ConfigIssue)|better-sqlite3|undici|@modelcontextprotocol|effect\/cluster|\/zod\//
    assert.deepStrictEqual(
      modules.filter((url) => heavy.test(url)),
      []
    )
  })

  it("for a picture of a workflow loads no gateway, and no server", async () => {
    const name = file(
      "w.yaml",
      "name: w\nsteps:\n  - { id: a, type: llm, model: demo/echo, prompt: Hello, max_tokens: 9, output: said }\noutput: said\n"
    )
    const modules = await loaded("graph", name)
    assert.deepStrictEqual(
      modules.filter((url) =>
        /packages\/gateway|packages\/server\/dist\/(?!config\/ConfigIssue)|better-sqlite3|undici/.test(url)
      ),
      []
    )
  })
})
