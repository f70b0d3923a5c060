/** The version of this package, read from its own description. */
import * as fs from "node:fs"

const description: unknown = JSON.parse(fs.readFileSync(new URL("../package.json", import.meta.url), "utf8"))

export const version: string =
  typeof description === "object" && description !== null && "version" in description
    ? String(description.version)
    : "unknown"
