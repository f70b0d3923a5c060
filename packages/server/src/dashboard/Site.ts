/** The dashboard's files as Vite built them, in memory: a page and assets whose names change with what is in them. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { createRequire } from "node:module"
import * as path from "node:path"

export interface Asset {
  readonly bytes: Uint8Array
  readonly contentType: string
}

export interface Site {
  readonly page: Asset
  /** By file name. */
  readonly assets: ReadonlyMap<string, Asset>
}

const contentTypes: { readonly [extension: string]: string } = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2"
}

const require = createRequire(import.meta.url)
const folder = path.join(path.dirname(require.resolve("@penstock/dashboard/package.json")), "dist")

const asset = (file: string) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (files) => files.readFile(file)),
    (bytes): Asset => ({ bytes, contentType: contentTypes[path.extname(file)] ?? "application/octet-stream" })
  )

/** Fails where it was not built. Only files that are there by name can be asked for: no path leads out of the folder. */
export const read: Effect.Effect<Site, Error, FileSystem.FileSystem> = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const page = yield* asset(path.join(folder, "index.html"))
  const names = yield* files.readDirectory(path.join(folder, "assets"))
  const assets = yield* Effect.forEach(names, (name) =>
    Effect.map(asset(path.join(folder, "assets", name)), (found) => [name, found] as const)
  )
  return { page, assets: new Map(assets) }
})
