/** An MCP server as `penstock.yaml` names it, and writing one there without touching the rest. Pure. */
import { mcpServerName } from "@penstock/schema/config/Mcp"
import { type Document, isMap, isScalar, parseDocument } from "yaml"

export interface Entry {
  readonly command?: string
  readonly args?: ReadonlyArray<string>
  readonly env?: { readonly [name: string]: string }
  readonly url?: string
  readonly headers?: { readonly [name: string]: string }
}

/** Why the file cannot be changed, for a person. */
export type Refusal =
  | { readonly _tag: "Unreadable"; readonly message: string }
  | { readonly _tag: "Taken"; readonly name: string }
  | { readonly _tag: "BadName"; readonly name: string }

export type Edited = { readonly _tag: "Edited"; readonly text: string } | Refusal

const path = ["mcp", "servers"]

/** A section whose keys are all commented out is null: then it is made a mapping, the comments with it. */
const openSections = (document: Document.Parsed) => {
  for (const place of [path.slice(0, 1), path]) {
    const section = document.getIn(place, true)
    if (isMap(section)) continue
    const opened = document.createNode({})
    const comment = isScalar(section) ? (section.commentBefore ?? section.comment) : null
    if (typeof comment === "string") opened.commentBefore = comment
    document.setIn(place, opened)
  }
}

/** The text with one more server, its comments and its order kept. A server of that name is only replaced on request. */
export const add = (text: string, name: string, entry: Entry, replace: boolean): Edited => {
  if (!mcpServerName.test(name)) return { _tag: "BadName", name }
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) return { _tag: "Unreadable", message: error.message }
  if (document.contents !== null && !isMap(document.contents)) {
    return { _tag: "Unreadable", message: "expected a mapping of settings" }
  }
  openSections(document)
  if (document.hasIn([...path, name]) && !replace) return { _tag: "Taken", name }
  document.setIn([...path, name], document.createNode(entry))
  return { _tag: "Edited", text: document.toString({ lineWidth: 0 }) }
}

export const describe = (refusal: Refusal, file: string): string => {
  switch (refusal._tag) {
    case "Unreadable":
      return `${file} cannot be added to: ${refusal.message}`
    case "Taken":
      return `${file} has an MCP server ${refusal.name} already. Choose another name, or replace it with --replace.`
    case "BadName":
      return `"${refusal.name}" cannot be a server's name: use 1 to 32 letters, digits, - and _, without __.`
  }
}
