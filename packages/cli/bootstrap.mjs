/**
 * The commands of package.json on a machine that has Node and npm and nothing else: installs with the pinned pnpm and
 * builds, each only when something changed, then runs. Plain Node, no dependency.
 *
 * node packages/cli/bootstrap.mjs start|build|test|check|bench [arguments…]
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as module from "node:module"
import * as path from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const at = (...parts) => path.join(root, ...parts)
const installStamp = at("node_modules", ".penstock-installed")
const buildStamp = at("node_modules", ".penstock-built")
const packages = ["schema", "gateway", "workflow", "server", "cli"]

const fail = (text, code = 1) => {
  console.error(text)
  process.exit(code)
}

const say = (text) => console.error(`\u2022 ${text}`)

const checkNode = () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  fail(
    `Penstock needs Node 20.19 or newer; this is ${process.versions.node}.\nInstall it from https://nodejs.org, or with nvm: nvm install`
  )
}

/** Runs a program and shows its output; resolves to its exit code and the end of what it wrote. */
const run = (command, args, options = {}) =>
  new Promise((resolve) => {
    const windows = process.platform === "win32"
    const { capture = false, ...rest } = options
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", capture ? "pipe" : "inherit", capture ? "pipe" : "inherit"],
      // npx is a script there, which only a shell runs. No argument is anybody's input.
      shell: windows && command === "npx",
      ...rest
    })
    let tail = ""
    const show = (target) => (chunk) => {
      tail = (tail + chunk).slice(-64_000)
      target.write(chunk)
    }
    if (capture) {
      child.stdout.setEncoding("utf8").on("data", show(process.stderr))
      child.stderr.setEncoding("utf8").on("data", show(process.stderr))
    }
    const forward = (signal) => child.kill(signal)
    process.on("SIGINT", forward).on("SIGTERM", forward)
    const finish = (code, text) => {
      process.off("SIGINT", forward).off("SIGTERM", forward)
      resolve({ code, tail: text })
    }
    child.once("error", (error) => finish(127, `${tail}\n${error.message}`))
    child.once("close", (code, signal) => finish(code ?? (signal === "SIGINT" ? 130 : 143), tail))
  })

const manifests = () => [
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "package.json",
  "examples/package.json",
  ...fs
    .readdirSync(at("packages"))
    .sort()
    .map((name) => `packages/${name}/package.json`)
]

/** What the installed modules were made from. Another Node needs another build of the native ones. */
const fingerprint = () => {
  const hash = createHash("sha256").update(`${process.versions.modules} ${process.platform} ${process.arch}\n`)
  for (const name of manifests()) {
    if (!fs.existsSync(at(name))) continue
    let content = fs.readFileSync(at(name), "utf8")
    // Scripts install nothing.
    if (name.endsWith(".json")) content = JSON.stringify({ ...JSON.parse(content), scripts: undefined })
    hash.update(`${name}\n${content}\n`)
  }
  return hash.digest("hex")
}

const readStamp = (file) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : null)

const compilerAdvice = () => {
  switch (process.platform) {
    case "darwin":
      return "  xcode-select --install"
    case "win32":
      return '  "Desktop development with C++" of the Visual Studio Build Tools, and Python 3'
    default:
      return [
        "  Debian, Ubuntu   apt-get install -y build-essential python3",
        "  Fedora, RHEL     dnf install -y gcc-c++ make python3",
        "  Alpine           apk add build-base python3",
        "  Arch             pacman -S --needed base-devel python"
      ].join("\n")
  }
}

/** The folder of the headers that Node came with, null where there are none or another version's. */
const ownHeaders = () => {
  const prefix = path.resolve(path.dirname(fs.realpathSync(process.execPath)), "..")
  const file = path.join(prefix, "include", "node", "node_version.h")
  if (!fs.existsSync(file)) return null
  const text = fs.readFileSync(file, "utf8")
  const numbers = ["MAJOR", "MINOR", "PATCH"].map((part) => new RegExp(`NODE_${part}_VERSION (\\d+)`).exec(text)?.[1])
  return numbers.join(".") === process.versions.node ? prefix : null
}

const explainInstall = (output) => {
  if (/gyp ERR!.*(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network connectivity)/.test(output)) {
    return "The SQLite driver (better-sqlite3) has to be compiled here, and the headers of Node could not be fetched for it from\nhttps://nodejs.org. Check the network and a proxy (HTTPS_PROXY), or set npm_config_nodedir to a folder with include/node."
  }
  if (/node-gyp|gyp ERR|prebuild-install|better-sqlite3.*(?:ELIFECYCLE|Failed)|not found: make/i.test(output)) {
    const what =
      "The SQLite driver (better-sqlite3) has to be compiled here, and the tools for that are missing or failed."
    return `${what}\nInstall a C++ compiler, make and Python 3, then run the same command again:\n${compilerAdvice()}`
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ERR_PNPM_META_FETCH_FAIL|ERR_SOCKET/i.test(output)) {
    return "The npm registry could not be reached. Check the network, a proxy (HTTPS_PROXY) and `npm config get registry`."
  }
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    return "pnpm-lock.yaml does not fit the package.json files: run `npx pnpm@<version in package.json> install` and commit it."
  }
  if (/EACCES|EPERM/.test(output)) return `This user may not write to ${root} or to the npm cache.`
  return "The installation failed; the lines above say why."
}

const install = async () => {
  const wanted = fingerprint()
  if (readStamp(installStamp) === wanted) return
  const { packageManager } = JSON.parse(fs.readFileSync(at("package.json"), "utf8"))
  say(`Installing with ${packageManager} (the first time takes a minute or two)`)
  const args = ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"]
  // With CI set pnpm asks nothing, also where it replaces modules of another machine.
  const headers = ownHeaders()
  // Whatever has to be compiled needs them: no download where they are here.
  const native = headers === null ? {} : { npm_config_nodedir: headers }
  const env = { ...native, ...process.env, CI: "true" }
  const { code, tail } = await run("npx", args, { capture: true, env })
  if (code !== 0) fail(`\n${explainInstall(tail)}`, code === 127 ? 1 : code)
  const loads = await run(process.execPath, ["-e", 'new (require("better-sqlite3"))(":memory:").close()'], {
    capture: true,
    cwd: sqliteFolder()
  })
  if (loads.code !== 0) fail(`\n${explainInstall("node-gyp")}`)
  fs.writeFileSync(installStamp, wanted)
}

/** Where the driver can be required from: it is a dependency of a dependency. */
const sqliteFolder = () => {
  const store = at("node_modules", ".pnpm")
  const entry = fs.readdirSync(store).find((name) => name.startsWith("better-sqlite3@"))
  return entry === undefined ? root : path.join(store, entry, "node_modules")
}

/** The newest change below a folder, in milliseconds. Folders count, so that a removal is one. */
const newest = (folder) => {
  let latest = 0
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(file) : fs.statSync(file).mtimeMs)
  }
  return Math.max(latest, fs.statSync(folder).mtimeMs)
}

const isBuilt = () => {
  if (!fs.existsSync(buildStamp)) return false
  if (!packages.every((name) => fs.existsSync(at("packages", name, "dist")))) return false
  const built = fs.statSync(buildStamp).mtimeMs
  const configuration = ["tsconfig.base.json", ...packages.map((name) => `packages/${name}/tsconfig.json`)]
  const changed = [
    fs.statSync(installStamp).mtimeMs,
    ...configuration.map((name) => fs.statSync(at(name)).mtimeMs),
    ...packages.map((name) => newest(at("packages", name, "src")))
  ]
  return Math.max(...changed) <= built
}

const bin = (name) => at("node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name)

const build = async () => {
  if (!isBuilt()) await compile()
  // Once its own modules are installed: it runs Vite.
  const dashboard = await import(pathToFileURL(at("packages", "dashboard", "build.mjs")).href)
  if (dashboard.isBuilt()) return
  say("Building the dashboard")
  const code = dashboard.build()
  if (code !== 0) fail("The dashboard does not build; the lines above say where.", code)
}

const compile = async () => {
  say("Building")
  // A change that is made while the compiler runs is newer than this.
  const began = new Date()
  const { code } = await run(bin("tsc"), ["-b", ...packages.map((name) => `packages/${name}`)])
  if (code !== 0) fail("The build failed; the lines above say where.", code)
  fs.writeFileSync(buildStamp, "")
  fs.utimesSync(buildStamp, began, began)
}

/** Every check of CI, cheapest first. All run, so that one mistake does not hide another. */
const check = async () => {
  const steps = [
    ["Format", "oxfmt", ["--check", "."]],
    ["Lint", "oxlint", ["."]],
    ["Types", "tsc", ["-b"]],
    ["Unused code", "knip", []],
    ["Tests", "vitest", ["run"]]
  ]
  const failed = []
  for (const [title, command, args] of steps) {
    const began = performance.now()
    console.log(`\n\u2500\u2500 ${title} (${command} ${args.join(" ")})`)
    const { code } = await run(bin(command), args)
    if (code >= 128) process.exit(code)
    if (code !== 0) failed.push(title)
    console.log(
      `\u2500\u2500 ${title}: ${code === 0 ? "ok" : "FAILED"} in ${((performance.now() - began) / 1000).toFixed(1)} s`
    )
  }
  if (failed.length > 0) fail(`\nFailed: ${failed.join(", ")}`)
  console.log("\nAll checks passed.")
}

const commands = {
  build: async () => {
    const { code } = await run(bin("tsc"), ["-b", "examples"])
    if (code !== 0) fail("The examples do not build; the lines above say where.", code)
  },
  // In this process: signals reach the server, and nothing is left behind when npm ends.
  start: async (args) => {
    // From Node 22 on, compiled code is kept between starts.
    module.enableCompileCache?.(at("node_modules", ".cache", "node"))
    const main = at("packages", "cli", "dist", "bin.js")
    process.argv = [process.execPath, main, "serve", ...args]
    await import(pathToFileURL(main).href)
  },
  test: check,
  check,
  bench: async (args) => {
    const { code } = await run(process.execPath, [at("bench", "run.mjs"), ...args])
    process.exit(code)
  }
}

const [name = "", ...args] = process.argv.slice(2)
const command = Object.hasOwn(commands, name)
  ? commands[name]
  : fail(`Usage: node packages/cli/bootstrap.mjs ${Object.keys(commands).join("|")}`, 2)
checkNode()
await install()
await build()
await command(args)
