/**
 * The real thing: the built server in a process of its own, as a user starts it. Build first (`npm run build`).
 */
import { spawn, type ChildProcess } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const BIN = path.resolve(import.meta.dirname, "../../packages/cli/dist/bin.js")
const START_LIMIT_MILLIS = 30_000
const POLL_MILLIS = 25

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Options {
  /** The text of `penstock.yaml`; without it there is no such file. */
  readonly config?: string
  /** The whole environment, but for PATH and HOME: nothing of the tester's own leaks in. */
  readonly env?: { readonly [name: string]: string }
  /** More command line after `serve --port 0`. */
  readonly args?: ReadonlyArray<string>
  /** An existing folder to run in (for a second start on the same database); by default a new one, removed at the end. */
  readonly cwd?: string
  /** Where to listen; by default on a free port. */
  readonly port?: number
}

export interface Penstock {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly pid: number
  readonly cwd: string
  readonly database: string
  /** Everything that it wrote to stdout and stderr until now. */
  readonly logs: () => string
  readonly exited: Promise<Exit>
  readonly writeConfig: (text: string) => void
  /** Sends the signal and waits for the exit; kills the whole process group if that takes longer than `graceMillis`. */
  readonly stop: (signal?: NodeJS.Signals, graceMillis?: number) => Promise<Exit>
}

export const temporaryFolder = (): string => fs.mkdtempSync(path.join(os.tmpdir(), "penstock-test-"))

const groups = new Set<ChildProcess>()

const kill = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

process.once("exit", () => {
  for (const child of groups) kill(child, "SIGKILL")
})

const launch = (args: ReadonlyArray<string>, options: Options & { readonly cwd: string }) => {
  if (!fs.existsSync(BIN)) throw new Error(`${BIN} does not exist: run \`npm run build\` first`)
  if (options.config !== undefined) fs.writeFileSync(path.join(options.cwd, "penstock.yaml"), options.config)
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], HOME: options.cwd, ...options.env },
    // Its own process group, so that children that it starts end with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"]
  })
  groups.add(child)
  const output = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text))
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once("error", reject)
    // "close" rather than "exit": by then all output has been read.
    child.once("close", (code, signal) => {
      groups.delete(child)
      resolve({ code, signal })
    })
  })
  // Whoever wants to know awaits it; nobody has to.
  exited.catch(() => {})
  return { child, output, exited }
}

/** The addresses that the output names, but for those that the configuration itself names (its providers). */
const addresses = (text: string, options: Options): ReadonlyArray<string> => {
  const given = [options.config ?? "", ...Object.values(options.env ?? {}), ...(options.args ?? [])].join("\n")
  const found = text.match(/http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+/g) ?? []
  return [...new Set(found)].filter((url) => !given.includes(url.slice("http://".length)))
}

const isHealthy = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

const healthyAddress = async (
  { child, output }: ReturnType<typeof launch>,
  options: Options
): Promise<string | undefined> => {
  const deadline = performance.now() + START_LIMIT_MILLIS
  while (child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    for (const url of addresses(output.stdout + output.stderr, options)) if (await isHealthy(url)) return url
    await pause(POLL_MILLIS)
  }
  return undefined
}

/** Starts the server on a free port and completes when it answers `/health`; fails with its output if it does not. */
export const start = async (options: Options = {}): Promise<Penstock> => {
  const cwd = options.cwd ?? temporaryFolder()
  const removeFolder = () => {
    if (options.cwd === undefined) fs.rmSync(cwd, { recursive: true, force: true })
  }
  const database = path.join(cwd, "penstock.db")
  const args = ["serve", "--port", String(options.port ?? 0), "--database", database, ...(options.args ?? [])]
  const running = launch(args, { ...options, cwd })
  const { child, exited, output } = running
  const logs = () => output.stdout + output.stderr
  const url = await healthyAddress(running, options)
  if (url === undefined || child.pid === undefined) {
    kill(child, "SIGKILL")
    const exit = await exited
    removeFolder()
    throw new Error(`the server did not start (${JSON.stringify(exit)}):\n${logs()}`)
  }
  const stop = async (signal: NodeJS.Signals = "SIGTERM", graceMillis = 15_000): Promise<Exit> => {
    // To the process alone, as a supervisor does it: ending its children is its own task.
    child.kill(signal)
    const timer = setTimeout(() => kill(child, "SIGKILL"), graceMillis)
    const exit = await exited
    clearTimeout(timer)
    kill(child, "SIGKILL")
    removeFolder()
    return exit
  }
  return {
    url,
    pid: child.pid,
    cwd,
    database,
    logs,
    exited,
    writeConfig: (text) => fs.writeFileSync(path.join(cwd, "penstock.yaml"), text),
    stop
  }
}

/** Runs a command to its end: `config`, or a `serve` that must refuse to start. */
export const run = async (
  args: ReadonlyArray<string>,
  options: Options = {}
): Promise<Exit & { readonly stdout: string; readonly stderr: string }> => {
  const cwd = options.cwd ?? temporaryFolder()
  const { child, exited, output } = launch([...args, ...(options.args ?? [])], { ...options, cwd })
  const timer = setTimeout(() => kill(child, "SIGKILL"), START_LIMIT_MILLIS)
  const exit = await exited
  clearTimeout(timer)
  if (options.cwd === undefined) fs.rmSync(cwd, { recursive: true, force: true })
  return { ...exit, ...output }
}
