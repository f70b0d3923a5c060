import { assert, describe, it } from "@effect/vitest"
import type { Service as Http } from "@penstock/gateway/providers/HttpTransport"
import * as Endpoints from "@penstock/gateway/providers/Endpoints"
import * as Provider from "@penstock/gateway/providers/Provider"
import { EndpointName } from "@penstock/schema/config/Endpoints"
import { ProviderConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const decode = Schema.decodeUnknownSync(ProviderConfig)

/** The provider of a configuration, and where it is reached. */
const made = (name: string, config: object) => {
  const reached: Array<string> = []
  const http: Http = {
    to: (url) => {
      reached.push(url)
      return { exchange: () => Effect.void }
    }
  }
  return { ...Provider.make(name, decode(config), http), reached }
}

describe("a provider", () => {
  it("carries its key in the header of its protocol, and the headers of the file beside it", () => {
    const base_url = "http://127.0.0.1:1/v1"
    const openai = made("x", { protocol: "openai", base_url, api_key: "k1", headers: { "X-Org": "o" } })
    assert.deepStrictEqual(openai.headers, {
      "content-type": "application/json",
      authorization: "Bearer k1",
      "x-org": "o"
    })
    const anthropic = made("x", { protocol: "anthropic", base_url, api_key: "k2" })
    assert.strictEqual(anthropic.headers["x-api-key"], "k2")
    assert.isString(anthropic.headers["anthropic-version"])
    assert.deepStrictEqual(made("x", { protocol: "ollama", base_url }).headers, { "content-type": "application/json" })
  })

  it("lets the file overrule the header that its protocol would send, whatever its case", () => {
    const { headers } = made("x", {
      protocol: "openai",
      base_url: "http://127.0.0.1:1",
      api_key: "k",
      headers: { Authorization: "Basic abc" }
    })
    assert.strictEqual(headers["authorization"], "Basic abc")
    assert.notProperty(headers, "Authorization")
  })

  it("takes Anthropic's and Ollama's address with and without the version", () => {
    for (const end of ["", "/", "/v1", "/v1/"]) {
      assert.deepStrictEqual(made("x", { protocol: "anthropic", base_url: `http://h:1${end}` }).reached, ["http://h:1"])
    }
    for (const end of ["", "/", "/api", "/api/", "/v1"]) {
      assert.deepStrictEqual(made("x", { protocol: "ollama", base_url: `http://h:1${end}` }).reached, ["http://h:1"])
    }
    assert.deepStrictEqual(made("x", { protocol: "openai", base_url: "http://h:1/v1/" }).reached, ["http://h:1/v1"])
  })

  it("is shown without the credentials of its address", () => {
    assert.strictEqual(
      made("x", { protocol: "openai", base_url: "http://user:secret@h:1/v1/" }).address,
      "http://h:1/v1"
    )
    assert.strictEqual(made("demo", { protocol: "demo" }).address, "in this process")
  })

  it("says what is missing, by the name of what to set", () => {
    const missing = (config: object) => made("mine", config).missing
    assert.isNull(missing({ protocol: "demo" }))
    assert.isNull(missing({ protocol: "ollama", base_url: "http://h" }))
    assert.isNull(missing({ protocol: "openai", base_url: "http://h", key_variable: "K", api_key: "k" }))
    assert.strictEqual(missing({ protocol: "openai", base_url: "http://h", key_variable: "K" })?.setting, "K")
    assert.strictEqual(missing({ protocol: "openai", api_key: "k" })?.setting, "providers.mine.base_url")
  })

  it("says what to change when nobody answers at its address, whatever it is called", () => {
    const setting = (name: string) => made(name, { protocol: "openai", base_url: "http://h" }).addressSetting
    assert.strictEqual(setting("ollama"), "OLLAMA_BASE_URL")
    assert.strictEqual(setting("mine"), "providers.mine.base_url")
    assert.strictEqual(setting("constructor"), "providers.constructor.base_url")
  })

  it("has what its protocol has a way for, and responses where it is OpenAI itself or says so", () => {
    const base_url = "http://127.0.0.1:1/v1"
    const ids = ({ spoken }: { readonly spoken: Provider.Provider["spoken"] }) => spoken.map(({ id }) => id)
    const all = EndpointName.literals.filter((name) => name !== "responses")
    assert.sameMembers([...made("x", { protocol: "openai", base_url }).endpoints], all)
    assert.sameMembers([...made("openai", { protocol: "openai", base_url }).endpoints], [...EndpointName.literals])
    assert.deepStrictEqual([...made("x", { protocol: "anthropic", base_url }).endpoints], ["chat"])
    const declared = (endpoints: ReadonlyArray<string>) => made("x", { protocol: "openai", base_url, endpoints })
    assert.deepStrictEqual(ids(declared(["chat", "responses"])), ["openai-chat", "openai-responses"])
    assert.deepStrictEqual(ids(declared(["responses"])), ["openai-responses"])
  })

  it("answers in other words what is a conversation, and nothing else", () => {
    const answers = (endpoints: ReadonlyArray<EndpointName>) =>
      EndpointName.literals.filter((asked) => Endpoints.answers({ endpoints: new Set(endpoints) }, asked))
    assert.deepStrictEqual(answers(["chat"]), ["chat", "responses", "completions"])
    assert.deepStrictEqual(answers(["responses"]), ["chat", "responses", "completions"])
    assert.deepStrictEqual(answers(["completions"]), ["completions"])
    assert.deepStrictEqual(answers(["embeddings"]), ["embeddings"])
  })
})
