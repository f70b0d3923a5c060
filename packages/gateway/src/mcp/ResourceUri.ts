/**
 * Addresses of resources in the hub: `files+file:///notes.txt` is `file:///notes.txt` of the server `files`. A `+` may
 * stand in a scheme, so that it is an address still; and the server is told by the address alone. Pure.
 */
import type { McpContent } from "@penstock/schema/McpTool"
import { isObject, type JsonObject, stringIn } from "../wire/Json.ts"
import type { Prefix } from "./ToolName.ts"

const mark = "+"

/** Only `always` marks: two servers with one resource have the same, as far as an address says anything. */
export const marked = (server: string, prefix: Prefix, uri: string): string =>
  prefix === "always" ? `${server}${mark}${uri}` : uri

export interface Place {
  readonly server: string
  /** As its server calls it. */
  readonly uri: string
}

/** Where a marked address leads, of servers that mark theirs; null for an unmarked one. */
export const placeOf = (uri: string, marking: ReadonlyArray<string>): Place | null => {
  const at = uri.indexOf(mark)
  const server = at === -1 ? undefined : marking.find((name) => name === uri.slice(0, at))
  return server === undefined ? null : { server, uri: uri.slice(at + 1) }
}

const withUri = (object: JsonObject, rename: (uri: string) => string): JsonObject =>
  typeof object["uri"] === "string" ? { ...object, uri: rename(object["uri"]) } : object

/** Content that links to or holds resources, under their addresses in the hub. */
export const inContent = (content: McpContent, rename: (uri: string) => string): McpContent => {
  const { resource, type } = content
  if (type === "resource_link") return { ...withUri(content, rename), type }
  return type === "resource" && isObject(resource) ? { ...content, resource: withUri(resource, rename) } : content
}

/** Messages of a prompt, the resources in them under their addresses in the hub. */
export const inMessages = (messages: ReadonlyArray<unknown>, rename: (uri: string) => string): ReadonlyArray<unknown> =>
  messages.map((each) => {
    const content = isObject(each) ? each["content"] : undefined
    if (!isObject(each) || !isObject(content)) return each
    return { ...each, content: inContent({ ...content, type: stringIn(content["type"]) }, rename) }
  })

/** What was read, under its address in the hub. */
export const inContents = (contents: ReadonlyArray<unknown>, rename: (uri: string) => string): ReadonlyArray<unknown> =>
  contents.map((each) => (isObject(each) ? withUri(each, rename) : each))

/** Whether a template of RFC 6570 can stand for an address: each expression for at least one character. */
export const couldBe = (template: string, uri: string): boolean => {
  const parts = template.split(/\{[^{}]*\}/)
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join(".+")
  return new RegExp(`^${pattern}$`, "s").test(uri)
}
