/**
 * What README and `docs/` show works as printed. Blocks of `sh` are run against a real server unless they are marked
 * `no-run`; `yaml config` is a configuration; in the guide of the language each `yaml` is a workflow, checked, and run or
 * tested where it says so; `ts` stands in an example.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { assembled } from "../packages/server/test/config/Assemble.ts"
import * as Markdown from "./support/Markdown.ts"
import * as Penstock from "./support/Penstock.ts"

const pages = Markdown.pages()
const bin = path.join(Markdown.root, "packages/cli/dist/bin.js")

/** Its commands change the configuration: they have a folder of their own, which no server looks at. */
const ownFolder = "docs/mcp.md"

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** `penstock` by name, a `sqlite3` where none is installed, and an `npx` that has MCP's own servers without a network. */
const writePrograms = (folder: string): void => {
  const program = (name: string, line: string) => {
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  }
  const node = quoted(process.execPath)
  program("penstock", `exec ${node} ${quoted(bin)} "$@"`)
  program("sqlite3", `exec ${node} ${quoted(path.join(Markdown.root, "test/support/sqlite3.mjs"))} "$@"`)
  const servers = quoted(path.join(Markdown.root, "node_modules/.bin/mcp-server-"))
  program("npx", `shift; name=\${1#@modelcontextprotocol/server-}; shift; exec ${servers}"$name" "$@"`)
}

describe("command blocks", () => {
  let server: Penstock.Penstock
  let programs: string
  let own: string
  beforeAll(async () => {
    programs = Penstock.temporaryFolder()
    own = Penstock.temporaryFolder()
    fs.copyFileSync(path.join(Markdown.root, "README.md"), path.join(own, "README.md"))
    const memory = { command: "npx", args: ["-y", "@modelcontextprotocol/server-memory"] }
    fs.writeFileSync(path.join(own, "claude_desktop_config.json"), JSON.stringify({ mcpServers: { memory } }))
    writePrograms(programs)
    server = await Penstock.start()
    // As in a checkout, for the commands that name its files.
    for (const name of ["packages", "README.md"]) {
      fs.symlinkSync(path.join(Markdown.root, name), path.join(server.cwd, name))
    }
    fs.cpSync(path.join(Markdown.root, "workflows"), path.join(server.cwd, "workflows"), { recursive: true })
  })
  afterAll(async () => {
    await server.stop()
    for (const folder of [programs, own]) fs.rmSync(folder, { recursive: true })
  })

  const run = (script: string, cwd: string) =>
    new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
      const child = execFile(
        "sh",
        ["-e", "-c", script.replaceAll("http://127.0.0.1:8080", server.url)],
        {
          cwd,
          timeout: 25_000,
          env: {
            PATH: `${programs}:${process.env["PATH"] ?? ""}`,
            HOME: server.cwd,
            OLLAMA_BASE_URL: "http://127.0.0.1:9",
            DOCS_TOKEN: "secret-of-docs",
            // The server has its own; one process alone works on a file of runs.
            PENSTOCK_DATABASE: "cli.db",
            PORT: "0"
          }
        },
        (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: `${stdout}\n${stderr}` })
      )
    })

  for (const { blocks, name } of pages) {
    for (const { language, line, text, words } of blocks) {
      if (language !== "sh" || words.includes("no-run")) continue
      it(`${name}:${line} runs`, async () => {
        const { code, output } = await run(text, name === ownFolder ? own : server.cwd)
        assert.strictEqual(code, 0, output)
        assert.notMatch(output, /^\{"error":/m)
      })
    }
  }

  it("are there", () => {
    const count = pages
      .flatMap(({ blocks }) => blocks)
      .filter(({ language, words }) => language === "sh" && !words.includes("no-run")).length
    assert.isAtLeast(count, 12)
  })
})

describe("the language's guide", () => {
  const blocks = pages
    .filter(({ name }) => name === "docs/workflows.md")
    .flatMap((page) => page.blocks.filter(({ language }) => language === "yaml"))
  let folder: string
  beforeAll(() => {
    folder = Penstock.temporaryFolder()
    for (const { line, text } of blocks) fs.writeFileSync(path.join(folder, `line-${line}.yaml`), text)
  })
  afterAll(() => fs.rmSync(folder, { recursive: true }))

  it("shows files that have no mistake", async () => {
    assert.isAtLeast(blocks.length, 5)
    const files = blocks.map(({ line }) => `line-${line}.yaml`)
    const { code, stdout } = await Penstock.run(["check", "--offline", ...files], {
      cwd: folder,
      // The server that the guide speaks of.
      config: "mcp: { servers: { hotel: { command: hotel } } }\n"
    })
    assert.strictEqual(code, 0, stdout)
    assert.notInclude(stdout, "warning", stdout)
  })

  for (const { line, words } of blocks) {
    const [how, ...input] = words
    if (how === undefined) continue
    it(`shows a file that ${how}s: line ${line}`, async () => {
      const file = `line-${line}.yaml`
      const args =
        how === "test" ? ["test", file] : ["run", file, "--memory", ...input.flatMap((one) => ["--input", one])]
      const { code, stderr, stdout } = await Penstock.run(args, { cwd: folder })
      assert.strictEqual(code, 0, stdout + stderr)
      if (how === "run") assert.isNotNull(JSON.parse(stdout).output)
    })
  }
})

describe("configurations", () => {
  const blocks = pages.flatMap(({ blocks, name }) =>
    blocks
      .filter(({ language, words }) => language === "yaml" && words.includes("config"))
      .map((block) => ({ ...block, name }))
  )

  it("are there", () => assert.isAtLeast(blocks.length, 4))

  for (const { line, name, text } of blocks) {
    it.effect(`${name}:${line} is right, without a warning`, () =>
      Effect.gen(function* () {
        const variables = [...text.matchAll(/\$\{env\.(\w+)\}/g)].map(([, variable = ""]) => [
          variable,
          `secret-of-${variable}`
        ])
        const { warnings } = yield* assembled({ yaml: text, env: Object.fromEntries(variables) })
        assert.deepStrictEqual(warnings, [])
      })
    )
  }
})

describe("code", () => {
  const examples = fs
    .readdirSync(path.join(Markdown.root, "examples"))
    .filter((name) => /\.(?:ts|mjs)$/.test(name))
    .map((name) => fs.readFileSync(path.join(Markdown.root, "examples", name), "utf8"))

  it("of docs/embedding.md stands in examples that are compiled and run", () => {
    const blocks = pages
      .filter(({ name }) => name === "docs/embedding.md")
      .flatMap((page) => page.blocks.filter(({ language }) => language === "ts" || language === "js"))
    assert.isAtLeast(blocks.length, 5)
    for (const { line, text } of blocks) {
      assert.isTrue(
        examples.some((example) => example.includes(text)),
        `line ${line} stands in no example:\n${text}`
      )
    }
  })
})

describe("links", () => {
  for (const page of pages) {
    it(`of ${page.name} lead somewhere`, () => {
      const folder = path.dirname(path.join(Markdown.root, page.name))
      const broken = Markdown.internalLinks(page).filter((link) => {
        const [file = "", anchor] = link.split("#")
        const target = file === "" ? path.join(Markdown.root, page.name) : path.resolve(folder, file)
        if (!fs.existsSync(target)) return true
        return anchor !== undefined && !Markdown.anchorsOf(fs.readFileSync(target, "utf8")).has(anchor)
      })
      assert.deepStrictEqual(broken, [])
    })
  }

  it("of docs/README.md lead to every page", () => {
    const index = pages.find(({ name }) => name === "docs/README.md")?.text ?? ""
    const unlisted = pages
      .map(({ name }) => path.relative("docs", name))
      .filter((name) => !name.startsWith("..") && name !== "README.md" && !index.includes(`(${name})`))
    assert.deepStrictEqual(unlisted, [])
  })
})
