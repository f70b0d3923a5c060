/**
 * Builds the page with Vite into `dist`, when something that it is made of has changed. The packages that it takes in
 * must be built. Plain Node: it is run by the house's commands and by the page's own tests.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const folder = fileURLToPath(new URL(".", import.meta.url))
const stamp = path.join(folder, "dist", ".built")

/** The newest change below a path, in milliseconds. Folders count, so that a removal is one. */
const newest = (place) => {
  const { mtimeMs } = fs.statSync(place)
  if (!fs.statSync(place).isDirectory()) return mtimeMs
  return fs.readdirSync(place).reduce((latest, name) => Math.max(latest, newest(path.join(place, name))), mtimeMs)
}

const sources = ["src", "index.html", "vite.config.ts", "package.json", "../schema/src", "../workflow/src"]

export const isBuilt = () => {
  if (!fs.existsSync(stamp)) return false
  const built = fs.statSync(stamp).mtimeMs
  return sources.every((name) => newest(path.join(folder, name)) <= built)
}

/** The exit code of Vite; 0 when there was nothing to do. */
export const build = () => {
  if (isBuilt()) return 0
  const began = new Date()
  const vite = path.join(folder, "node_modules", "vite", "bin", "vite.js")
  const { status } = spawnSync(process.execPath, [vite, "build", "--logLevel", "warn"], {
    cwd: folder,
    // Whatever runs this: a test is another matter than what it tests.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "inherit", "inherit"]
  })
  if (status === 0) {
    fs.writeFileSync(stamp, "")
    // A change that was made meanwhile is newer than this.
    fs.utimesSync(stamp, began, began)
  }
  return status ?? 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exit(build())
