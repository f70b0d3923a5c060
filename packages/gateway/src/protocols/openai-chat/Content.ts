/** What is the same in a whole message and in a delta: the texts, and the pieces of tool calls. */
import { isObject, listIn, numberIn, objectIn, stringIn, type JsonObject } from "../../wire/Json.ts"

export interface Texts {
  readonly text: string
  /** Mistral has reasoning among the content, as `thinking`. */
  readonly reasoning: string
}

const thinking = (part: JsonObject): string =>
  typeof part["thinking"] === "string"
    ? part["thinking"]
    : listIn(part["thinking"])
        .map((piece) => stringIn(objectIn(piece)["text"]))
        .join("")

/** Content is a string, or with some vendors an array of parts. */
export const textsOf = (content: unknown): Texts => {
  if (typeof content === "string") return { text: content, reasoning: "" }
  let text = ""
  let reasoning = ""
  for (const part of listIn(content)) {
    if (!isObject(part)) continue
    if (part["type"] === "thinking") reasoning += thinking(part)
    else if (part["type"] !== "refusal") text += stringIn(part["text"])
  }
  return { text, reasoning }
}

export interface CallPiece {
  readonly index: number | undefined
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** Arguments are text; some vendors send the object that the text would stand for. */
const argumentsOf = (value: unknown): string =>
  typeof value === "string" ? value : isObject(value) || Array.isArray(value) ? JSON.stringify(value) : ""

const callPiece = (call: JsonObject): CallPiece => {
  const custom = objectIn(call["custom"])
  const called = isObject(call["function"]) ? call["function"] : custom
  return {
    index: numberIn(call["index"]),
    id: stringIn(call["id"]),
    name: stringIn(called["name"]),
    arguments: argumentsOf(called["arguments"] ?? called["input"])
  }
}

const none: ReadonlyArray<CallPiece> = []

/** The tool calls of a message or a delta, `function_call` of old included. */
export const callsOf = (message: JsonObject): ReadonlyArray<CallPiece> => {
  if (Array.isArray(message["tool_calls"])) return message["tool_calls"].filter(isObject).map(callPiece)
  return isObject(message["function_call"]) ? [callPiece({ index: 0, function: message["function_call"] })] : none
}

/** The id of a call whose provider gave it none: the same whole and streamed, and unlike that of any other answer. */
export const callId = (answerId: string, position: number): string =>
  answerId === "" ? `call_${position}` : `call_${answerId}_${position}`
