/** Every command, run in this process: what it says of itself, and what it prints where. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as CliConfig from "@effect/cli/CliConfig"
import * as Descriptor from "@effect/cli/CommandDescriptor"
import * as Terminal from "@effect/platform/Terminal"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { execute } from "@penstock/cli/CommandLine"
import type { Commands } from "@penstock/cli/CommandWords"
import * as CommandWords from "@penstock/cli/CommandWords"
import * as Examples from "@penstock/cli/Examples"
import { exitCodeOf } from "@penstock/cli/Exit"
import { commands, penstock } from "@penstock/cli/Penstock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { vi } from "vitest"

let folder: string
beforeAll(() => {
  // Nobody answers there: what a command says does not depend on what runs on this machine.
  vi.stubEnv("OLLAMA_BASE_URL", "http://127.0.0.1:9")
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-line-"))
  const at = (name: string) => JSON.stringify(path.join(folder, name))
  fs.writeFileSync(
    path.join(folder, "penstock.yaml"),
    `database: ${at("penstock.db")}\nworkflows: ${at("workflows")}\n`
  )
})
afterAll(() => {
  vi.unstubAllEnvs()
  fs.rmSync(folder, { recursive: true })
})

const argvOf = (args: ReadonlyArray<string>) => ["node", "penstock", ...args]

/** What a process would write. */
const run = (...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const written = { stdout: "", stderr: "" }
    const base = yield* Console.consoleWith(Effect.succeed)
    const write =
      (stream: "stdout" | "stderr") =>
      (...parts: ReadonlyArray<unknown>) =>
        Effect.sync(() => void (written[stream] += `${parts.join(" ")}\n`))
    const captured = { ...base, log: write("stdout"), error: write("stderr") }
    const display = (text: string) => Effect.sync(() => void (written.stdout += text))
    const terminal = Layer.effect(
      Terminal.Terminal,
      Effect.map(Terminal.Terminal, (given) => ({ ...given, display, isTTY: Effect.succeed(false) }))
    )
    const context = Layer.merge(NodeContext.layer, Layer.provide(terminal, NodeContext.layer))
    const exit = yield* execute(argvOf(args)).pipe(Effect.provide(context), Console.withConsole(captured), Effect.exit)
    return { code: exitCodeOf(exit), ...written }
  })

/** Every command with its subcommands, and the names of its options. */
const walk = (found: Commands, above = ""): ReadonlyArray<readonly [command: string, usage: string]> =>
  [...found].flatMap(([name, { subcommands, usage }]) => {
    const command = `${above} ${name}`.trim()
    return [[command, JSON.stringify(usage)] as const, ...walk(subcommands, command)]
  })

const all = walk(commands)

const wordsOf = (line: string): ReadonlyArray<string> =>
  (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, "$1"))

describe("help", () => {
  it("has examples of every command, and of no other", () => {
    assert.isAbove(all.length, 15)
    assert.sameMembers(Object.keys(Examples.examples), ["", ...all.map(([command]) => command)])
  })

  for (const command of ["", ...all.map(([name]) => name)]) {
    it.effect(`of penstock ${command} says what it is for, and shows its examples`, () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(...wordsOf(command), "--help")
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.match(stdout, /\nDESCRIPTION\n\n\S/)
        const lines = Examples.examples[command] ?? []
        assert.isNotEmpty(lines)
        for (const [line] of lines) assert.include(stdout, `$ ${line}\n`)
      })
    )
  }

  for (const [command, lines] of Object.entries(Examples.examples)) {
    it.effect(`shows command lines that the parser takes: penstock ${command}`, () =>
      Effect.gen(function* () {
        for (const [line] of lines) {
          const words = wordsOf(line)
          assert.isTrue(line.startsWith(`penstock ${command}`.trim()), line)
          assert.isNull(CommandWords.problem(commands, argvOf(words.slice(1))), line)
          const parsed = yield* Descriptor.parse(penstock.descriptor, words, CliConfig.defaultConfig)
          if (parsed._tag === "UserDefined") assert.deepStrictEqual(parsed.leftover, [], line)
        }
      }).pipe(Effect.provide(NodeContext.layer))
    )
  }
})

describe("a wrong command line", () => {
  const cases: ReadonlyArray<readonly [line: string, said: ReadonlyArray<string>]> = [
    ["srve", ['did you mean "serve"?', "See: penstock --help"]],
    ["runs resme RUN", ['did you mean "resume"?', "See: penstock runs --help"]],
    ["mcp lst", ['did you mean "list"?', "See: penstock mcp --help"]],
    ["check --formt json", ['There is no option --formt of penstock check: did you mean "--format"?']],
    ["--hepl", ['did you mean "--help"?', "See: penstock --help"]],
    ["mcp call --arg -n=1 server tool --nonsense", ["There is no option --nonsense of penstock mcp call."]],
    ["serve --port many", ["'many' is not a integer", "See: penstock serve --help"]],
    ["plan --format xml file.yaml", ["text, json", "See: penstock plan --help"]],
    ["run", ["Missing argument <workflow>", "See: penstock run --help"]]
  ]
  for (const [line, said] of cases) {
    it.effect(`exits with 2 and says on stderr what was meant: ${line}`, () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* run(...line.split(" "))
        assert.deepStrictEqual({ code, stdout }, { code: 2, stdout: "" })
        for (const text of said) assert.include(stderr, text)
      })
    )
  }

  it.effect("is none where an option of every command stands before the command", () =>
    Effect.gen(function* () {
      const file = path.join(folder, "penstock.yaml")
      const { code, stderr } = yield* run("--log-level", "debug", "config", "--config", file)
      assert.strictEqual(code, 0, stderr)
      assert.include((yield* run("--log-level", "debug", "confg")).stderr, 'did you mean "config"?')
    })
  )

  it("is none where a program's own options stand behind --", () => {
    assert.isNull(CommandWords.problem(commands, argvOf(["mcp", "add", "files", "--", "npx", "--nonsense"])))
  })
})

const workflow = `name: said
inputs: { text: string }
steps:
  - { id: say, type: llm, model: demo/echo, prompt: "\${input.text}", max_tokens: 20, output: said }
output: said
tests:
  - { name: says it, input: { text: a }, mocks: { say: a }, expect: a }
`

describe("--format json", () => {
  /** What comes of it, and what goes wrong: words behind the command, and the exit code of the second. */
  const cases: {
    readonly [command: string]: { readonly good: string | null; readonly bad: string; readonly code: number }
  } = {
    init: { good: null, bad: "", code: 2 },
    config: { good: "", bad: "--config none.yaml", code: 2 },
    doctor: { good: "--offline", bad: "--offline --config none.yaml", code: 1 },
    "mcp list": { good: "", bad: "--config none.yaml", code: 2 },
    "mcp add": { good: "docs https://example.test/mcp", bad: "docs nothing", code: 2 },
    "mcp import": { good: null, bad: "none.json", code: 1 },
    "mcp call": { good: null, bad: "nobody tool", code: 1 },
    "mcp inspect": { good: null, bad: "nobody", code: 1 },
    check: { good: "--offline WORKFLOW", bad: "--offline none.yaml", code: 2 },
    plan: { good: "--offline WORKFLOW", bad: "--offline BROKEN", code: 1 },
    graph: { good: "WORKFLOW", bad: "BROKEN", code: 1 },
    run: { good: "--memory WORKFLOW --input text=a", bad: "--memory WORKFLOW --input text", code: 2 },
    runs: { good: "", bad: "run_that_is_not", code: 2 },
    "runs resume": { good: null, bad: "run_that_is_not", code: 2 },
    "runs cancel": { good: null, bad: "run_that_is_not", code: 2 },
    replay: { good: null, bad: "run_that_is_not", code: 2 },
    test: { good: "WORKFLOW", bad: "BROKEN", code: 1 },
    new: { good: "fresh", bad: "../away", code: 2 }
  }

  it("is taken by every command that prints data", () => {
    const takers = all.filter(([, usage]) => usage.includes('"--format"')).map(([command]) => command)
    assert.sameMembers(takers, Object.keys(cases))
  })

  const words = (command: string, line: string): ReadonlyArray<string> => {
    const given = line
      .replace("WORKFLOW", path.join(folder, "said.yaml"))
      .replace("BROKEN", path.join(folder, "broken.yaml"))
      .split(" ")
      .filter((word) => word !== "")
    const config =
      given.includes("--config") || command === "graph" ? [] : ["--config", path.join(folder, "penstock.yaml")]
    return [...command.split(" "), ...config, "--format", "json", ...given]
  }

  beforeAll(() => {
    fs.writeFileSync(path.join(folder, "said.yaml"), workflow)
    fs.writeFileSync(path.join(folder, "broken.yaml"), workflow.replace("output: said\n", "output: sadi\n"))
  })

  for (const [command, { bad, code: expected, good }] of Object.entries(cases)) {
    it.effect(`leaves nothing but JSON on stdout, also where it fails: ${command}`, () =>
      Effect.gen(function* () {
        if (good !== null) {
          const { code, stderr, stdout } = yield* run(...words(command, good))
          assert.strictEqual(code, 0, stderr + stdout)
          assert.notProperty(JSON.parse(stdout), "error")
        }
        const { code, stderr, stdout } = yield* run(...words(command, bad))
        assert.strictEqual(code, expected, stderr + stdout)
        assert.isNotEmpty(stderr)
        assert.isObject(JSON.parse(stdout))
      })
    )
  }

  it.effect("tells a failure that has no result as {error}, with the exit code and what stderr says", () =>
    Effect.gen(function* () {
      for (const line of ["config --config none.yaml", "plan", "chekc"]) {
        const { code, stderr, stdout } = yield* run(...line.split(" "), "--format", "json")
        const { error } = JSON.parse(stdout) as { error: { exit_code: number; message: string } }
        assert.deepStrictEqual([code, error.exit_code], [2, 2])
        assert.strictEqual(error.message.replaceAll(/\s+/g, " "), stderr.trim().replaceAll(/\s+/g, " "))
      }
    })
  )
})
