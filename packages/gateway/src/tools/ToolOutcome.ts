/** What a tool answered, as a model is told: texts and pictures as they are, everything else in words. Pure. */
import type { ToolResultPart } from "@penstock/schema/ChatRequest"
import type { McpContent, McpToolResult } from "@penstock/schema/McpTool"
import { objectIn, stringIn } from "../wire/Json.ts"

type Content = ToolResultPart["content"][number]

/** Characters of a result that a model is given: about as many tokens as small models can read at once. */
const maxCharacters = 400_000

const text = (words: string): Content => ({ type: "text", text: words })

const clipped = (words: string): string =>
  words.length <= maxCharacters
    ? words
    : `${words.slice(0, maxCharacters)}\n[The result has ${words.length} characters. The rest was left out.]`

const resource = (content: McpContent): Content => {
  const { blob, mimeType, text: words, uri } = objectIn(content["resource"])
  if (typeof words === "string") return text(clipped(words))
  const size = typeof blob === "string" ? `, ${Math.floor((blob.length * 3) / 4)} bytes` : ""
  return text(`[${stringIn(uri)}: ${stringIn(mimeType) || "a resource"}${size}]`)
}

const part = (content: McpContent): Content => {
  const data = content["data"]
  switch (content.type) {
    case "text":
      return text(clipped(stringIn(content["text"])))
    case "image":
      return {
        type: "image",
        source: { type: "base64", mediaType: stringIn(content["mimeType"]) || "image/png", data: stringIn(data) }
      }
    case "audio":
      return text(`[audio: ${stringIn(content["mimeType"])}, ${stringIn(data).length} characters of base64]`)
    case "resource":
      return resource(content)
    default:
      return text(clipped(JSON.stringify(content)))
  }
}

const says = (content: Content): boolean => content.type !== "text" || content.text !== ""

/** Structured content repeats what the texts say, where there are any. */
export const ofResult = (toolCallId: string, result: McpToolResult): ToolResultPart => {
  const parts = result.content.map(part).filter(says)
  const structured =
    result.structuredContent === undefined ? [] : [text(clipped(JSON.stringify(result.structuredContent)))]
  const content = parts.length > 0 ? parts : structured
  return {
    type: "tool-result",
    toolCallId,
    content: content.length > 0 ? content : [text("[no content]")],
    ...(result.isError ? { isError: true } : {})
  }
}

export const ofText = (toolCallId: string, words: string, isError = false): ToolResultPart => ({
  type: "tool-result",
  toolCallId,
  content: [text(words)],
  ...(isError ? { isError } : {})
})

/** Characters, of base64 as of text: what the ledger keeps as the size of a result. */
export const sizeOf = (result: McpToolResult): number =>
  result.content.reduce((size, content) => {
    const { blob, text: words } = objectIn(content["resource"])
    return (
      size +
      [content["text"], content["data"], blob, words].reduce<number>((sum, each) => sum + stringIn(each).length, 0)
    )
  }, 0)
