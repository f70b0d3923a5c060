/** Tests that are data: every file of a folder is a list of cases. */
import * as fs from "node:fs"
import * as path from "node:path"
import { parse } from "yaml"
import type { Diagnostic, Range } from "@penstock/workflow/diagnostic/Diagnostic"

export interface Case {
  readonly name: string
}

const folder = path.resolve(import.meta.dirname, "..", "testdata")

export const load = <C extends Case>(
  name: string
): ReadonlyArray<{ readonly file: string; readonly cases: ReadonlyArray<C> }> =>
  fs
    .readdirSync(path.join(folder, name))
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => ({ file, cases: parse(fs.readFileSync(path.join(folder, name, file), "utf8")) as Array<C> }))

export const showRange = ({ end, start }: Range): string => `${start.line}:${start.column}-${end.line}:${end.column}`

/** `PS105 2:1-2:2 the key "a" was given before (remove one of the two)` */
export const show = (diagnostic: Diagnostic): string =>
  `${diagnostic.code} ${showRange(diagnostic.range)} ${diagnostic.message}${diagnostic.hint === undefined ? "" : ` (${diagnostic.hint})`}`

/** `steps[0].prompt` as keys. */
export const keysOf = (text: string): ReadonlyArray<string | number> =>
  Array.from(text.matchAll(/\[(\d+)\]|([^.[\]]+)/g), ([, index, name]) =>
    index === undefined ? (name ?? "") : Number(index)
  )
