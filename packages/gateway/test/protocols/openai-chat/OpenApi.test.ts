import { assert, describe, it } from "@effect/vitest"
import { dialect } from "@penstock/gateway/protocols/openai-chat/OpenAiChat"
import * as GatewayError from "@penstock/schema/GatewayError"
// oxlint-disable-next-line no-restricted-imports -- ajv has no other name for the 2020-12 dialect
import { Ajv2020 } from "ajv/dist/2020.js"
import * as fc from "effect/FastCheck"
import { existsSync, readFileSync } from "node:fs"
import { completion, streamed } from "../completions.ts"
import { dataOf, wire } from "./wire.ts"

const description = new URL("../../../../../../shared/spec/openai-openapi.json", import.meta.url)
const present = existsSync(description)

/** The description is OpenAPI 3.1 and yet says `nullable`, which JSON Schema spells as an alternative. */
const withNull = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withNull)
  if (typeof value !== "object" || value === null) return value
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withNull(each)])
  ) as Record<string, unknown>
  return nullable === true
    ? { anyOf: [rest, { type: "null" }] }
    : { ...rest, ...(nullable === undefined ? {} : { nullable }) }
}

const validator = () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  const { components } = JSON.parse(readFileSync(description, "utf8"))
  ajv.addSchema({ $id: "openai", components: withNull(components) } as object)
  return (name: string) => {
    const validate = ajv.compile({ $ref: `openai#/components/schemas/${name}` })
    return (value: unknown) => (validate(value) ? null : JSON.stringify(validate.errors))
  }
}

describe.skipIf(!present)(
  "what we write is what OpenAI's description promises (skipped without the description)",
  () => {
    const schema = present ? validator() : () => () => null

    it("every whole answer", () => {
      const valid = schema("CreateChatCompletionResponse")
      const answer = { id: "a", model: "m", content: [], finishReason: "stop", usage: null } as const
      const whole = dialect.write(answer, { created: 1, includeUsage: false })
      assert.isNotNull(valid({ ...whole, choices: [{}] }))
      fc.assert(
        fc.property(completion(wire), (answer) =>
          assert.isNull(valid(JSON.parse(JSON.stringify(dialect.write(answer, { created: 1, includeUsage: false })))))
        ),
        { numRuns: 300 }
      )
    })

    it("every chunk, and the last is [DONE]", () => {
      const valid = schema("CreateChatCompletionStreamResponse")
      assert.isNotNull(valid({ id: "a" }))
      fc.assert(
        fc.property(streamed(wire), fc.boolean(), ({ events }, includeUsage) => {
          const encoder = dialect.encoder({ created: 1, includeUsage })
          const data = dataOf(events.map(encoder.write.bind(encoder)).join(""))
          assert.strictEqual(data.at(-1), "[DONE]")
          for (const each of data.slice(0, -1)) assert.isNull(valid(JSON.parse(each)))
        }),
        { numRuns: 300 }
      )
    })

    it("the error of every reason", () => {
      const valid = schema("ErrorResponse")
      const faults = GatewayError.Reason.literals.map((reason) =>
        valid(dialect.failure(GatewayError.make(reason, "why"), "req_1"))
      )
      assert.isEmpty(faults.filter((fault) => fault !== null))
    })
  }
)
