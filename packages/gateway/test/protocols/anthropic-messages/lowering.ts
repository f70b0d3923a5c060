/** Requests to lower, shared by the tests of lowering. */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import * as Either from "effect/Either"
import { protocol } from "@penstock/gateway/protocols/anthropic-messages/AnthropicMessages"
import type { Lowered } from "@penstock/gateway/protocols/Protocol"

/** Knows neither thinking nor structured output. */
export const old = "claude-3-5-sonnet-20241022"
/** Thinks within a budget. */
export const budget = "claude-sonnet-4-5-20250929"

export const request = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: "m",
  messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
  extra: {},
  ...more
})

export const lower = (
  more: Partial<ChatRequest> = {},
  model = budget,
  maxOutputTokens: number | null = 64_000
): Lowered => Either.getOrThrow(protocol.lower(request(more), { model, maxOutputTokens }))

/** The error of a request that cannot be lowered. */
export const refused = (more: Partial<ChatRequest>, model = budget) =>
  Either.getOrThrow(Either.flip(protocol.lower(request(more), { model, maxOutputTokens: null })))

export const weather = {
  name: "weather",
  description: "The weather",
  parameters: { type: "object", properties: { city: { type: "string" } } }
}

export const format = {
  type: "json_schema" as const,
  name: "person",
  schema: { type: "object", properties: { age: { type: "integer", minimum: 0 } }, required: ["age"] }
}
