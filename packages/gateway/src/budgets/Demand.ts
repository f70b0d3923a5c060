/**
 * What a request may make a model read and write, seen from outside: the length of its body, and what hangs on it that
 * has another price than its bytes. No text is looked into, so that a request of 10 MB costs no more than a small one.
 *
 * Messages are looked at, whatever the wire: parts of a message with a picture, a sound or a file have the same few
 * shapes with OpenAI and Anthropic and in the neutral model.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { isObject, type JsonObject, listIn, numberIn, objectIn, stringIn } from "../wire/Json.ts"

/** Counts in tokens, for what is no text. */
interface Media {
  most: number
  likely: number
  /** Bytes of the body that are it. */
  bytes: number
  audio: boolean
}

export interface Demand {
  /** Bytes of the body that may be text: all but the media's data. */
  readonly bytes: number
  readonly media: Readonly<Media>
  /** Whether tools are offered: providers explain their use to the model in words of their own. */
  readonly tools: boolean
  /** The most tokens of one answer, as the caller limits them; null for no limit. */
  readonly maxTokens: number | null
  /** How many answers are asked for. */
  readonly answers: number
  /** Whether the answer may be spoken. */
  readonly speech: boolean
}

/**
 * Of a picture. Most: gpt-4o-mini, which counts 2,833 + 5,667 for each of up to 8 tiles (48,169); Qwen2-VL has up to
 * 16,384, OpenAI's patches up to 10,000, Claude up to 4,784. Likely: gpt-4o's 765 for a square, 1,600 with Claude.
 */
const picture = { most: 50_000, likely: 1000 }
/** With `detail: "low"`: 2,833 with gpt-4o-mini, 85 with gpt-4o. */
const lowPicture = { most: 3000, likely: 85 }
/**
 * Of sound, by the character of base64. Gemini counts 32 tokens a second, OpenAI 10, and the lowest rate of an MP3 is
 * 1,000 bytes a second: at most a token for 42 characters, likely one for a thousand.
 */
const sound = { most: 1 / 40, likely: 1 / 1000 }
/** Of a sound that is somewhere else: an hour of it. */
const remoteSound = { most: 120_000, likely: 1000 }
/**
 * Of a document, however small its file: text may be packed a thousandfold, and pages are read as text and as pictures,
 * with Claude at 1,500 to 3,000 tokens and up to 1,600 more each, up to 100 of them. Likely: one for 20 bytes.
 */
const document = { most: 500_000, likely: 1 / 20 }

const add = (media: Media, most: number, likely: number, bytes: number): void => {
  media.most += Math.ceil(most)
  media.likely += Math.ceil(likely)
  media.bytes += bytes
}

const isDataUrl = (url: string): boolean => url.startsWith("data:")

/** The data of a part in base64 (or as a data URL), in whichever place its wire has it; empty when it is elsewhere. */
const dataOf = (part: JsonObject): string => {
  const url = typeof part["image_url"] === "string" ? part["image_url"] : objectIn(part["image_url"])["url"]
  const data =
    part["data"] ??
    part["file_data"] ??
    objectIn(part["source"])["data"] ??
    objectIn(part["input_audio"])["data"] ??
    objectIn(part["file"])["file_data"]
  if (typeof data === "string") return data
  return typeof url === "string" && isDataUrl(url) ? url : ""
}

/** Text in base64 is no longer than its bytes say. */
const isTextual = (part: JsonObject, data: string): boolean => {
  const type = stringIn(part["mediaType"]) || stringIn(objectIn(part["source"])["media_type"])
  return type.startsWith("text/") || data.startsWith("data:text/")
}

const readPart = (part: JsonObject, media: Media): void => {
  switch (part["type"]) {
    case "image":
    case "image_url":
    case "input_image": {
      const low = (part["detail"] ?? objectIn(part["image_url"])["detail"]) === "low"
      const { likely, most } = low ? lowPicture : picture
      add(media, most, likely, dataOf(part).length)
      return
    }
    case "audio":
    case "input_audio": {
      const { length } = dataOf(part)
      media.audio = true
      if (length === 0) add(media, remoteSound.most, remoteSound.likely, 0)
      else add(media, length * sound.most, length * sound.likely, length)
      return
    }
    case "document":
    case "file":
    case "input_file": {
      const data = dataOf(part)
      const inline = objectIn(part["source"])["type"] === "text" || isTextual(part, data)
      if (!inline) add(media, document.most, data.length * document.likely, data.length)
      return
    }
    // A tool's result may show a picture.
    case "tool_result":
    case "tool-result":
      for (const each of listIn(part["content"])) if (isObject(each)) readPart(each, media)
      return
    default:
  }
}

const mediaOf = (messages: ReadonlyArray<unknown>): Media => {
  const media: Media = { most: 0, likely: 0, bytes: 0, audio: false }
  for (const message of messages) {
    if (!isObject(message)) continue
    for (const part of listIn(message["content"])) if (isObject(part)) readPart(part, media)
    // A spoken answer of before, by its id.
    if (isObject(message["audio"])) {
      media.audio = true
      add(media, remoteSound.most, remoteSound.likely, 0)
    }
  }
  return media
}

/** What was sent for a count: anything but a positive integer is none. */
const countIn = (value: unknown): number | null => {
  const count = numberIn(value)
  return count !== undefined && Number.isSafeInteger(count) && count > 0 ? count : null
}

/** Of a request's body as it came: its length in bytes, and the object that it holds. */
export const ofBody = (length: number, json: JsonObject): Demand => {
  const media = mediaOf(listIn(json["messages"] ?? json["input"]))
  return {
    bytes: Math.max(0, length - media.bytes),
    media,
    tools: listIn(json["tools"]).length > 0 || listIn(json["functions"]).length > 0,
    maxTokens:
      countIn(json["max_completion_tokens"]) ?? countIn(json["max_output_tokens"]) ?? countIn(json["max_tokens"]),
    answers: countIn(json["n"]) ?? 1,
    speech: listIn(json["modalities"]).includes("audio")
  }
}

/** Of a program's request. */
export const ofRequest = (request: ChatRequest): Demand => {
  const { extra, maxTokens, messages, tools } = request
  const json = { ...extra, messages, tools, ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) }
  return ofBody(Buffer.byteLength(JSON.stringify(request)), json)
}
