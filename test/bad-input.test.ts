/** Whatever a caller sends: a status and a message that say what to do, and a server that goes on. */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Lab from "./support/Lab.ts"
import * as Raw from "./support/Raw.ts"

const MAX_BODY = 64 * 1024

let lab: Lab.Lab
let asked = 0
beforeAll(async () => {
  lab = await Lab.start("server: { max_body: 64kb }\n")
})
afterEach(async () => {
  // No bad request has reached a provider, and the next good one is answered.
  const reached = Object.values(lab.upstreams).reduce((sum, upstream) => sum + upstream.requests.length, 0)
  assert.strictEqual(reached, asked)
  assert.isTrue(await Lab.isAlive(lab.penstock))
})
afterAll(() => lab.close())

const messages = [{ role: "user", content: "hello" }]
const valid = { model: "mock/upstream-model", messages }

const refused = (answer: Raw.Answer, status: number, more: { readonly param?: string; readonly says: RegExp }) => {
  assert.strictEqual(answer.status, status, answer.body)
  assert.isTrue(answer.complete)
  assert.include(answer.headers["content-type"], "application/json")
  assert.match(String(answer.headers["x-request-id"]), /^req_/)
  const { error } = answer.json
  assert.match(error.message, more.says)
  assert.isString(error.type)
  assert.isString(error.code)
  return error.param === (more.param ?? null)
}

interface Case {
  readonly what: string
  readonly body: string | { readonly [key: string]: unknown }
  readonly param?: string
  readonly says: RegExp
  readonly status?: number
}

const deep = (depth: number) => `{"model":"mock/m","messages":${"[".repeat(depth)}${"]".repeat(depth)}}`

const bodies: ReadonlyArray<Case> = [
  { what: "no body", body: "", says: /no body/ },
  { what: "text that is no JSON", body: "hello", says: /not valid JSON/ },
  { what: "JSON that is cut", body: '{"model": "demo/echo", "messages": [', says: /not valid JSON/ },
  { what: "JSON with a trailing comma", body: '{"model": "demo/echo",}', says: /not valid JSON/ },
  { what: "an array", body: "[]", says: /must be a JSON object/ },
  { what: "null", body: "null", says: /must be a JSON object/ },
  { what: "no model", body: { messages }, param: "model", says: /'model'.*expected/ },
  { what: "an empty model", body: { ...valid, model: "" }, param: "model", says: /'model'.*expected/ },
  { what: "a number as model", body: { ...valid, model: 5 }, param: "model", says: /'model'.*got 5/ },
  { what: "a name that no model has", body: { ...valid, model: "x".repeat(2000) }, param: "model", says: /'model'/ },
  { what: "no messages", body: { model: "demo/echo" }, param: "messages", says: /at least one message/ },
  { what: "empty messages", body: { ...valid, messages: [] }, param: "messages", says: /at least one message/ },
  { what: "a string as messages", body: { ...valid, messages: "hi" }, param: "messages", says: /expected an array/ },
  { what: "null as a message", body: { ...valid, messages: [null] }, param: "messages.0", says: /expected an object/ },
  { what: "a message without role", body: { ...valid, messages: [{}] }, param: "messages.0.role", says: /expected/ },
  { what: "a string as stream", body: { ...valid, stream: "yes" }, param: "stream", says: /true or false/ },
  { what: "a string as temperature", body: { ...valid, temperature: "hot" }, param: "temperature", says: /a number/ },
  { what: "an object as tools", body: { ...valid, tools: {} }, param: "tools", says: /an array/ },
  {
    what: "stream_options that are no object",
    body: { ...valid, stream_options: 1 },
    param: "stream_options",
    says: /object/
  },
  { what: "JSON 100,000 levels deep", body: deep(30_000), says: /nested deeper than/ },
  { what: "JSON 300 levels deep", body: deep(300), says: /nested deeper than/ }
]

const image = (url: unknown) => [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }]
const where = "messages.0.content.0.image_url.url"

/** What only a provider of another protocol must understand, and a provider of the same one judges for itself. */
const translated: ReadonlyArray<Case> = [
  { what: "an image that is no URL", body: { messages: image("cat.png") }, param: where, says: /data:image|https?:/ },
  { what: "an image by a local path", body: { messages: image("file:///etc/passwd") }, param: where, says: /https?:/ },
  {
    what: "an image whose base64 is none",
    body: { messages: image("data:image/png;base64,???") },
    param: where,
    says: /base64/
  },
  {
    what: "an image that is text",
    body: { messages: image("data:text/html;base64,PGI+") },
    param: where,
    says: /image type/
  },
  { what: "an image without a URL", body: { messages: image(undefined) }, param: where, says: /expected/ },
  {
    what: "an unknown role",
    body: { messages: [{ role: "robot", content: "x" }] },
    param: "messages.0.role",
    says: /"user"/
  },
  {
    what: "a number as content",
    body: { messages: [{ role: "user", content: 5 }] },
    param: "messages.0.content",
    says: /a string/
  },
  {
    what: "an unknown kind of part",
    body: { messages: [{ role: "user", content: [{ type: "smell" }] }] },
    param: "messages.0.content.0.type",
    says: /"text"/
  },
  {
    what: "a tool result without its call",
    body: { messages: [{ role: "tool", content: "x" }] },
    param: "messages.0.tool_call_id",
    says: /expected a string/
  },
  { what: "a negative limit", body: { messages, max_tokens: -1 }, param: "max_tokens", says: /positive integer/ },
  {
    what: "a tool without a name",
    body: { messages, tools: [{ type: "function", function: {} }] },
    param: "tools.0.function.name",
    says: /expected a string/
  }
]

describe("a request body", () => {
  for (const { body, param, says, status, what } of bodies) {
    it(`${what}: ${status ?? 400}`, async () => {
      const answer = await Raw.chat(lab.penstock.url, body)
      assert.isTrue(refused(answer, status ?? 400, { says, ...(param === undefined ? {} : { param }) }))
    })
  }
  for (const model of [Lab.models.anthropic, Lab.models.ollama]) {
    for (const { body, param, says, what } of translated) {
      it(`${what}, for ${model}: 400, streaming or not`, async () => {
        for (const stream of [false, true]) {
          const answer = await Raw.chat(lab.penstock.url, { model, stream, ...(body as object) })
          assert.isTrue(refused(answer, 400, { says, ...(param === undefined ? {} : { param }) }))
        }
      })
    }
  }

  it("an image by its address is refused for Ollama, which cannot fetch it, in words that say what to send", async () => {
    const answer = await Raw.chat(lab.penstock.url, {
      model: "llama3.2",
      messages: image("https://example.test/a.png")
    })
    assert.isTrue(refused(answer, 400, { param: "messages.0.content.0", says: /data: URL/ }))
  })

  it("a model that nothing routes: 404, or the provider's own word", async () => {
    const only = await Lab.start('routes: [{ match: ["demo/*"], provider: demo }]\n')
    try {
      const answer = await Raw.chat(only.penstock.url, { model: "nobody-has-this", messages })
      assert.isTrue(refused(answer, 404, { param: "model", says: /\/v1\/models/ }))
      assert.strictEqual(answer.json.error.code, "model_not_found")
    } finally {
      await only.close()
    }
  })

  it("larger than max_body: 413 that names the setting, by its length or as it comes", async () => {
    const large = JSON.stringify({ ...valid, messages: [{ role: "user", content: "x".repeat(MAX_BODY) }] })
    for (const body of [large, [large.slice(0, 1000), large.slice(1000, 60_000), large.slice(60_000)]]) {
      const answer = await Raw.send(`${lab.penstock.url}/v1/chat/completions`, { method: "POST", body })
      assert.isTrue(refused(answer, 413, { says: /server\.max_body/ }))
    }
  })

  it("many times larger than max_body: the caller still gets its 413", async () => {
    const huge = Buffer.alloc(200 * MAX_BODY, "x")
    for (let round = 0; round < 5; round++) {
      for (const body of [huge, Array.from({ length: 200 }, () => huge.subarray(0, MAX_BODY))]) {
        const answer = await Raw.send(`${lab.penstock.url}/v1/chat/completions`, { method: "POST", body })
        assert.isTrue(refused(answer, 413, { says: /server\.max_body/ }))
      }
    }
  })

  it("exactly as large as allowed is accepted", async () => {
    const frame = JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: "" }], user: "" })
    const body = JSON.stringify({ ...JSON.parse(frame), user: "u".repeat(MAX_BODY - frame.length) })
    assert.strictEqual(Buffer.byteLength(body), MAX_BODY)
    assert.strictEqual((await Raw.chat(lab.penstock.url, body)).status, 200)
  })

  it("a client that leaves before its body is whole harms nobody", async () => {
    const controller = new AbortController()
    const sending = Raw.send(`${lab.penstock.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-length": 1000 },
      body: ['{"model":'],
      signal: controller.signal
    })
    setImmediate(() => controller.abort())
    assert.instanceOf(
      await sending.then(
        () => null,
        (error: unknown) => error
      ),
      Error
    )
  })

  it("a compressed body is refused by the name of its encoding", async () => {
    const answer = await Raw.chat(lab.penstock.url, valid, { "content-encoding": "gzip" })
    assert.isTrue(refused(answer, 400, { says: /content-encoding "gzip" is not supported/ }))
  })

  it("an odd content type, charset or none at all does not matter: the body is JSON", async () => {
    const body = JSON.stringify({ model: "demo/echo", messages })
    for (const type of ["text/plain", "application/json; charset=UTF-8", "application/x-www-form-urlencoded", ""]) {
      const answer = await Raw.chat(lab.penstock.url, body, { "content-type": type })
      assert.strictEqual(answer.status, 200, type)
    }
  })

  it("a byte order mark or bytes that are no UTF-8 end in an answer, not in silence", async () => {
    const body = Buffer.from(JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: "?" }] }))
    body[body.indexOf("?")] = 0xff
    assert.oneOf((await Raw.chat(lab.penstock.url, body)).status, [200, 400])
    const marked = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(JSON.stringify({ model: "demo/echo", messages }))
    ])
    assert.oneOf((await Raw.chat(lab.penstock.url, marked)).status, [200, 400])
  })

  it("a model's name with line breaks or beyond ASCII cannot break the headers", async () => {
    for (const name of ["mödel-世界", "a\r\nx-evil: 1", "a b,c;d"]) {
      const answer = await Raw.chat(lab.penstock.url, { model: `mock/${name}`, messages })
      asked += 1
      assert.strictEqual(answer.status, 200)
      assert.isUndefined(answer.headers["x-evil"])
      assert.strictEqual(lab.upstreams.mock.requests.at(-1)!.json.model, name)
    }
  })
})

describe("a path or method", () => {
  it("that does not exist: 404 with what was probably meant", async () => {
    for (const [path, meant] of [
      ["/chat/completions", "/v1/chat/completions"],
      ["/v1/v1/chat/completions", "/v1/chat/completions"],
      ["/v1/chat/completion", "/v1/chat/completions"],
      ["/v1/chat/completions/", "/v1/chat/completions"],
      ["/v1/model", "/v1/models"],
      ["/nothing/at/all", "/docs"]
    ] as const) {
      const answer = await Raw.send(lab.penstock.url + path, { body: valid })
      assert.isTrue(refused(answer, 404, { says: new RegExp(`${meant}[ ?]`) }))
    }
  })

  it("with the wrong method: 405 with what it takes", async () => {
    for (const [method, path, allowed] of [
      ["GET", "/v1/chat/completions", "POST"],
      ["DELETE", "/v1/chat/completions", "POST"],
      ["POST", "/v1/models", "GET"],
      ["POST", "/health", "GET"],
      ["PUT", "/v1/explain", "POST"]
    ] as const) {
      const answer = await Raw.send(lab.penstock.url + path, { method })
      assert.isTrue(refused(answer, 405, { says: new RegExp(`takes ${allowed}`) }))
      assert.include(String(answer.headers.allow), allowed)
    }
  })

  it("with a query string is the same path", async () => {
    const answer = await Raw.send(`${lab.penstock.url}/v1/chat/completions?api-version=2024`, {
      body: { model: "demo/echo", messages }
    })
    assert.strictEqual(answer.status, 200)
  })

  it("HTTP that is none at all costs its sender the connection and nobody else anything", async () => {
    await Raw.send(`${lab.penstock.url}/${"x".repeat(100_000)}`).then(
      (answer) => assert.oneOf(answer.status, [400, 414, 431]),
      (error: unknown) => assert.instanceOf(error, Error)
    )
  })
})
