/** What the pages of documentation hold: blocks of code, links, and the anchors that links lead to. */
import * as fs from "node:fs"
import * as path from "node:path"

export const root = path.resolve(import.meta.dirname, "../..")

export interface Block {
  /** The words behind the fence: the language, then what a test is to do with it. */
  readonly language: string
  readonly words: ReadonlyArray<string>
  readonly text: string
  readonly line: number
}

export interface Page {
  /** From the root. */
  readonly name: string
  readonly text: string
  readonly blocks: ReadonlyArray<Block>
}

const blocksOf = (text: string): ReadonlyArray<Block> =>
  [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = "", words = "", code = ""], at, all) => ({
      language,
      words: words.split(" ").filter((word) => word !== ""),
      text: code,
      line: text.slice(0, all[at]?.index).split("\n").length
    })
  )

/** The pages that people read: not the decisions, which say what was true on their day. */
export const pages = (): ReadonlyArray<Page> => {
  const names = [
    "README.md",
    "CONTRIBUTING.md",
    ...fs.readdirSync(path.join(root, "docs")).map((name) => `docs/${name}`)
  ]
  return names
    .filter((name) => name.endsWith(".md"))
    .map((name) => {
      const text = fs.readFileSync(path.join(root, name), "utf8")
      return { name, text, blocks: blocksOf(text) }
    })
}

const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "")

/** Where links lead that stay within the repository. */
export const internalLinks = ({ text }: Page): ReadonlyArray<string> =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))

/** As the web pages of repositories make them from headings. */
export const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-")
    )
  )
