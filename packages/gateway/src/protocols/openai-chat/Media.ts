/** Images and files as URLs and base64. */
import type { ImagePart } from "@penstock/schema/ChatRequest"

type Source = ImagePart["source"]

/** `data:image/png;base64,…`: type, and where the base64 begins. Parameters of the type are not kept. */
const dataUrlHead = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)(?:;[^;,]*)*?;base64,/i
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/** A data URL taken apart; null when it is none, or not base64. */
export const readDataUrl = (url: string): { readonly mediaType: string; readonly data: string } | null => {
  const head = dataUrlHead.exec(url.slice(0, 256))
  if (head?.[1] === undefined) return null
  const data = url.slice(head[0].length)
  return base64.test(data) ? { mediaType: head[1].toLowerCase(), data } : null
}

/** An image's URL as a source, or what is wrong with it and what would be right. */
export const imageSource = (url: string): Source | { readonly problem: string } => {
  if (/^https?:/i.test(url)) {
    return URL.canParse(url) ? { type: "url", url } : { problem: "an http(s) URL that can be parsed" }
  }
  if (!/^data:/i.test(url)) return { problem: "an http:// or https:// URL, or data:image/…;base64,…" }
  const read = readDataUrl(url)
  if (read === null) return { problem: "a data URL of the form data:image/png;base64,… with valid base64" }
  return read.mediaType.startsWith("image/")
    ? { type: "base64", ...read }
    : { problem: "a data URL with an image type such as image/png" }
}

export const imageUrl = (source: Source): string =>
  source.type === "url" ? source.url : `data:${source.mediaType};base64,${source.data}`
