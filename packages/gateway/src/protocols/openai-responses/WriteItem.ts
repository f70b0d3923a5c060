/** The items of a response's output. Each part of an answer is one, so that their order is kept. */
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import * as Issuer from "../Issuer.ts"
import { issuer, sealed } from "./Content.ts"
import { inputOf } from "../CustomTool.ts"

type Part<T extends AssistantPart["type"]> = Extract<AssistantPart, { type: T }>

/** What a part is written as. */
export type Kind = AssistantPart["type"] | "custom-call"

/** `custom`: the names of tools that are called with text. */
export const kindOf = (
  part: { readonly type: AssistantPart["type"]; readonly name?: string },
  custom: ReadonlySet<string>
): Kind => (part.type === "tool-call" && custom.has(part.name ?? "") ? "custom-call" : part.type)

/** What the ids of items begin with: OpenAI refuses others when an item comes back. */
const prefixes: { readonly [K in Kind]: string } = {
  text: "msg",
  refusal: "msg",
  reasoning: "rs",
  "tool-call": "fc",
  "custom-call": "ctc"
}

/** The id of an item, of 64 characters at most. The same whole and streamed, and unlike that of any other answer. */
export const idOf = (kind: Kind, answerId: string, at: number): string => {
  const rest = answerId.replace(/^resp_/, "").replaceAll(/[^A-Za-z0-9_-]/g, "")
  return `${prefixes[kind]}_${rest.slice(-48)}_${at}`
}

export const textPart = (text: string) => ({ type: "output_text" as const, text, annotations: [], logprobs: [] })
export const refusalPart = (refusal: string) => ({ type: "refusal" as const, refusal })
export const summaryPart = (text: string) => ({ type: "summary_text" as const, text })

type Status = "in_progress" | "completed"

export const message = (id: string, content: ReadonlyArray<object>, status: Status) => ({
  id,
  type: "message" as const,
  status,
  role: "assistant" as const,
  content
})

export const call = (
  { arguments: text, id: call_id, name }: Omit<Part<"tool-call">, "type">,
  id: string,
  status: Status
) => ({
  id,
  type: "function_call" as const,
  status,
  call_id,
  name,
  arguments: text
})

/** A call of a tool that takes text. */
export const customCall = ({ arguments: text, id: call_id, name }: Omit<Part<"tool-call">, "type">, id: string) => ({
  id,
  type: "custom_tool_call" as const,
  call_id,
  name,
  input: inputOf(text)
})

/**
 * Reasoning under an id of ours carries whose it is, even if it is OpenAI's own, which is bound to another id; and if
 * it is nobody's, that too: OpenAI would look for it under the id.
 */
export const reasoning = (part: Omit<Part<"reasoning">, "type">, id: string) => ({
  id,
  type: "reasoning" as const,
  summary: part.redacted === true ? [] : [summaryPart(part.text)],
  encrypted_content: Issuer.marked(part)
})

/** OpenAI's own as it came. */
const whole = (part: Part<"reasoning">, id: string) => {
  const own = part.issuer === issuer ? sealed(part.signature ?? "") : null
  return own === null || own.id === ""
    ? reasoning(part, id)
    : { ...reasoning(part, own.id), encrypted_content: own.ciphertext }
}

export const item = (part: AssistantPart, answerId: string, at: number, custom: ReadonlySet<string>) => {
  const kind = kindOf(part, custom)
  const id = idOf(kind, answerId, at)
  switch (part.type) {
    case "text":
      return message(id, [textPart(part.text)], "completed")
    case "refusal":
      return message(id, [refusalPart(part.text)], "completed")
    case "reasoning":
      return whole(part, id)
    case "tool-call":
      return kind === "custom-call" ? customCall(part, id) : call(part, id, "completed")
  }
}
