import { assert, describe, it } from "@effect/vitest"
import { passThrough } from "@penstock/gateway/protocols/openai-chat/PassThrough"
import type { Original } from "@penstock/gateway/protocols/PassThrough"
import * as fc from "effect/FastCheck"

const original = (text: string): Original => ({ bytes: Buffer.from(text), json: JSON.parse(text) })
const rewrite = (text: string, model: string): string => passThrough.rewrite(original(text), model).body.toString()

const usage = '"stream_options":{"include_usage":true}'

describe("a request that is passed through", () => {
  it("is sent on as it came when nothing is to be changed", () => {
    const bodies = [
      '{"model":"gpt-4o","messages":[]}',
      ' {"temperature":1.0, "model" : "gpt-4o","seed":12345678901234567890 } ',
      '{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true,"x":1}}',
      '{"model":"gpt-4o","stream":false,"stream_options":{}}'
    ]
    for (const text of bodies) {
      const { bytes, json } = original(text)
      assert.strictEqual(passThrough.rewrite({ bytes, json }, "gpt-4o").body, bytes)
    }
  })

  it("names one model only, whichever a provider would read of two", () => {
    assert.strictEqual(rewrite('{"model":"dear","model":"cheap"}', "cheap"), '{"model":"cheap"}')
  })

  it("changes the model in its place and nothing else", () => {
    assert.strictEqual(
      rewrite('{ "seed":12345678901234567890,\n"model" : "fast" , "x":[{"model":"fast"}],"é":"\\u00e9"}', 'a"b'),
      '{ "seed":12345678901234567890,\n"model" : "a\\"b" , "x":[{"model":"fast"}],"é":"\\u00e9"}'
    )
  })

  it("asks for usage at the end of a stream, and keeps the caller's own stream options", () => {
    assert.strictEqual(rewrite('{"model":"m","stream":true}', "m"), `{${usage},"model":"m","stream":true}`)
    assert.strictEqual(
      rewrite('{"model":"a","stream":true,"stream_options":{"include_obfuscation":false}}', "b"),
      '{"model":"b","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}'
    )
    for (const options of ["null", "{}", '{"include_usage":false}']) {
      assert.strictEqual(
        rewrite(`{"stream_options":${options},"model":"m","stream":true}`, "m"),
        `{${usage},"model":"m","stream":true}`
      )
    }
  })

  it("is written anew, with nothing lost, when it cannot be edited safely", () => {
    const bodies = [
      '{"model":"a","messages":[1],"model":"b"}',
      '{"mod\\u0065l":"b","messages":[1]}',
      '{"\\u0061":1,"model":"b","messages":[1],"__proto__":{"x":1}}',
      '{"model":"b","stream":true,"stream_options":{"a":1},"stream_options":{"b":2}}'
    ]
    for (const text of bodies) {
      const sent: Record<string, unknown> = JSON.parse(rewrite(text, "c"))
      const { stream_options, ...rest } = JSON.parse(text) as Record<string, unknown>
      const { stream_options: sentOptions, ...sentRest } = sent
      assert.deepStrictEqual(Object.entries(sentRest).toSorted(), Object.entries({ ...rest, model: "c" }).toSorted())
      assert.deepStrictEqual(
        sentOptions,
        stream_options === undefined ? undefined : { ...(stream_options as object), include_usage: true }
      )
    }
  })

  it("loses no key, means what it meant, and is the same when rewritten again", () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    const request = fc
      .record(
        {
          model: fc.string(),
          messages: fc.array(value, { maxLength: 2 }),
          stream: fc.boolean(),
          stream_options: fc.oneof(
            fc.constant(null),
            fc.dictionary(fc.constantFrom("include_usage", "x"), fc.boolean())
          ),
          extra: value
        },
        { requiredKeys: ["model"] }
      )
      .chain((request) =>
        fc
          .shuffledSubarray(Object.keys(request), { minLength: Object.keys(request).length })
          .map((order) => Object.fromEntries(order.map((key) => [key, request[key as keyof typeof request]])))
      )
    fc.assert(
      fc.property(request, fc.string(), fc.constantFrom(undefined, 1, "\t"), (request, model, indent) => {
        const text = JSON.stringify(request, null, indent)
        const json: Record<string, unknown> = JSON.parse(text)
        const sent = rewrite(text, model)
        const options = json["stream_options"]
        assert.deepStrictEqual(JSON.parse(sent), {
          ...json,
          model,
          ...(json["stream"] === true
            ? { stream_options: { ...(typeof options === "object" ? options : {}), include_usage: true } }
            : {})
        })
        assert.strictEqual(rewrite(sent, model), sent)
      }),
      { numRuns: 500 }
    )
  })
})
