import { assert, describe, it } from "@effect/vitest"
import * as Issuer from "@penstock/gateway/protocols/Issuer"
import * as fc from "effect/FastCheck"

const signature = fc.base64String({ minLength: 4 })
const issuers = fc.constantFrom("anthropic-messages", "openai-responses", "openai-chat", "google-gemini-v1")

describe("a signature on a wire that does not say whose it is", () => {
  it("comes back with its issuer", () => {
    fc.assert(
      fc.property(signature, fc.option(issuers, { nil: undefined }), (signature, issuer) => {
        const written = Issuer.write({ signature, issuer }, "anthropic-messages")
        const expected = issuer === undefined ? { signature } : { signature, issuer }
        assert.deepStrictEqual(Issuer.read(written, "anthropic-messages"), expected)
        assert.strictEqual(Issuer.isMarked(written), issuer !== "anthropic-messages")
      })
    )
  })

  it("stands as it is when it is the wire's own", () => {
    fc.assert(
      fc.property(signature, (signature) => {
        const own = { signature, issuer: "anthropic-messages" }
        assert.strictEqual(Issuer.write(own, "anthropic-messages"), signature)
      })
    )
  })

  it("is none when there is none, marked or not", () => {
    assert.strictEqual(Issuer.write({}, "anthropic-messages"), Issuer.marked({}))
    assert.deepStrictEqual(Issuer.read("", "anthropic-messages"), {})
    assert.isTrue(Issuer.isMarked(Issuer.marked({})))
    assert.deepStrictEqual(Issuer.read(Issuer.marked({}), "anthropic-messages"), {})
  })
})
