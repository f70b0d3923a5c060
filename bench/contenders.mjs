/**
 * What is measured against what. Each contender is a process with an address: `{name, pid, target, stop}`, where a
 * target is `{port, path, headers}`.
 */
import { fork, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import * as path from "node:path"

export const ROOT = path.resolve(import.meta.dirname, "..")
const PORTKEY_VERSION = "1.15.2"
/**
 * What Portkey's gateway is installed with: under the newest @hono/node-server that it allows, its streams answer 500
 * (`TypeError: immutable`, Portkey-AI/gateway issue 1389).
 */
const PORTKEY_PACKAGE = {
  private: true,
  dependencies: { "@portkey-ai/gateway": PORTKEY_VERSION },
  overrides: { "@hono/node-server": "1.13.8", "@hono/node-ws": "1.2.0" }
}
/** The virtual key that the load generator uses; long enough to be one, secret to nobody. */
export const KEY = "sk-bench-0123456789abcdef"
const PATH = "/v1/chat/completions"
const START_LIMIT_MILLIS = 30_000

const started = new Set()
process.once("exit", () => {
  for (const child of started) child.kill("SIGKILL")
})

const track = (child) => {
  started.add(child)
  child.once("exit", () => started.delete(child))
  return child
}

const stop = (child, signal = "SIGTERM") =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000)
    child.once("exit", () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill(signal)
  })

const environment = () => ({ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: "production" })

/** A part of the bench as a process of its own; completes when it has told its port (or at once, if it has none). */
export const part = (file, args = [], { hasPort = true } = {}) =>
  new Promise((resolve, reject) => {
    const child = track(
      fork(path.join(import.meta.dirname, file), args, { env: environment(), serialization: "advanced" })
    )
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`${file} ended with code ${code}`)))
    const ready = (port) => resolve({ child, pid: child.pid, port, stop: () => stop(child) })
    if (hasPort) child.once("message", ({ port }) => ready(port))
    else ready()
  })

/** The load generator: `run(job, options)` gives the job's figures. */
export const loadGenerator = async () => {
  const { child, stop } = await part("load.mjs", [], { hasPort: false })
  const run = (job, options) =>
    new Promise((resolve, reject) => {
      const ended = () => reject(new Error("the load generator ended"))
      child.once("exit", ended)
      child.once("message", ({ figures, error }) => {
        child.off("exit", ended)
        if (error === undefined) resolve(figures)
        else reject(new Error(error))
      })
      child.send({ job, options })
    })
  return { run, stop }
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Starts a server and polls it until it answers; its output is kept for the case that it does not. */
const server = async ({ args, env, cwd, port, probe }) => {
  const log = path.join(cwd, "output.log")
  const output = fs.openSync(log, "a")
  const child = track(
    spawn(process.execPath, args, { cwd, env: { ...environment(), ...env }, stdio: ["ignore", output, output] })
  )
  fs.closeSync(output)
  const deadline = performance.now() + START_LIMIT_MILLIS
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${probe}`, { signal: AbortSignal.timeout(1000) })
      await response.arrayBuffer()
      if (response.ok) return { child, pid: child.pid, port, stop: () => stop(child) }
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop(child, "SIGKILL")
  throw new Error(`${args[0]} did not start:\n${fs.readFileSync(log, "utf8").slice(-2000)}`)
}

export const floor = async (upstreamPort) => {
  const running = await part("floor.mjs", [`http://127.0.0.1:${upstreamPort}`])
  const target = { port: running.port, path: PATH, headers: { authorization: `Bearer ${KEY}` } }
  return { ...running, name: "floor", title: "bare node:http pass-through (the floor)", target }
}

const configOf = (upstreamPort, { auth, budgets }) => `server: { auth: ${auth} }
providers:
  mock:
    protocol: openai
    base_url: "http://127.0.0.1:${upstreamPort}/v1"
    api_key: upstream-key
    pricing: { input: 0.15, output: 0.60, cache_read: 0.075 }
keys:
  - { name: bench, key: ${KEY}${budgets ? ", budget: { usd: 100000, per: day }" : ""} }
${budgets ? "budget: { usd: 1000000, per: month }" : ""}
`

/**
 * Penstock as it is shipped, with virtual keys required and the ledger in a SQLite file; with `budgets` each request
 * reserves the most that it may cost in two of them, and is settled to what it did cost.
 */
export const penstock = async (
  upstreamPort,
  { cwd, auth = "keys", budgets = false, text = configOf(upstreamPort, { auth, budgets }) }
) => {
  const bin = path.join(ROOT, "packages/cli/dist/bin.js")
  if (!fs.existsSync(bin)) throw new Error(`${bin} does not exist: run \`npm run build\` first`)
  const port = await freePort()
  const database = path.join(cwd, "penstock.db")
  const config = path.join(cwd, "penstock.yaml")
  fs.writeFileSync(config, text)
  const args = [bin, "serve", "--port", String(port), "--config", config, "--database", database]
  const running = await server({ args, cwd, port, probe: "/health" })
  const target = { port, path: PATH, headers: { authorization: `Bearer ${KEY}` } }
  const name = budgets ? "budgeted" : "penstock"
  const title = budgets ? "Penstock, keys, budgets and ledger on" : "Penstock, keys and ledger on"
  return { ...running, name, title, target, database }
}

/** Installs Portkey's gateway into `folder` unless it is there; gives the reason when it cannot be had. */
export const installPortkey = (folder) => {
  const entry = path.join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js")
  if (fs.existsSync(entry)) return { entry }
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(PORTKEY_PACKAGE, null, 2)}\n`)
  const result = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 180_000
  })
  if (fs.existsSync(entry)) return { entry }
  const reason = result.error?.message ?? `${result.stderr}`.trim().split("\n").slice(-3).join(" ")
  return { reason: `npm install failed: ${reason}` }
}

/** Portkey's gateway as a production server: no log page, nothing to look up, the upstream named in each request. */
export const portkey = async (upstreamPort, { entry, cwd }) => {
  const port = await freePort()
  const args = [entry, `--port=${port}`, "--headless"]
  const env = { TRUSTED_CUSTOM_HOSTS: "127.0.0.1" }
  const running = await server({ args, env, cwd, port, probe: "/" })
  const headers = {
    authorization: `Bearer ${KEY}`,
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1`
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(path.dirname(entry), "../package.json"), "utf8"))
  return { ...running, name: "portkey", title: `Portkey gateway ${version}`, target: { port, path: PATH, headers } }
}
