import { assert, describe, it } from "@effect/vitest"
import * as Messages from "@penstock/gateway/protocols/anthropic-messages/Envelope"
import * as Chat from "@penstock/gateway/protocols/openai-chat/Envelope"
import * as Responses from "@penstock/gateway/protocols/openai-responses/Envelope"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"

const messages = [{ role: "user", content: "hi" }]
interface Case {
  readonly id: string
  readonly read: (
    json: unknown
  ) => Either.Either<{ readonly model: string; readonly stream?: boolean | null | undefined }, GatewayError>
  readonly least: object
}
const envelopes: ReadonlyArray<Case> = [
  { id: "chat completions", read: Chat.read, least: { model: "m", messages } },
  { id: "messages", read: Messages.read, least: { model: "m", messages } },
  { id: "responses", read: Responses.read, least: { model: "m", input: "hi" } }
]

describe.each(envelopes)("the envelope of $id", ({ least, read }) => {
  it("holds the model and whether to stream, and minds nothing that it does not know", () => {
    const read1 = Either.getOrThrow(read({ ...least, stream: true, later: { x: 1 }, temperature: null }))
    assert.deepInclude(read1, { model: "m", stream: true })
  })

  it("names the field at fault", () => {
    const wrong = (fields: object) => {
      const error = Either.getOrThrow(Either.flip(read({ ...least, ...fields })))
      return error.param
    }
    assert.strictEqual(wrong({ model: undefined }), "model")
    assert.strictEqual(wrong({ model: "x".repeat(300) }), "model")
    assert.strictEqual(wrong({ stream: "yes" }), "stream")
    assert.strictEqual(wrong({ tools: [1] }), "tools.0")
    assert.strictEqual(wrong({ temperature: "hot" }), "temperature")
    assert.strictEqual(
      wrong("messages" in least ? { messages: [] } : { input: 1 }),
      "messages" in least ? "messages" : "input"
    )
  })
})
