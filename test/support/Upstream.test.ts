/** The scripted upstream is itself a piece of test equipment: that it does what it says is checked here. */
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import * as http from "node:http"
import * as Upstream from "./Upstream.ts"
import * as Wire from "./Wire.ts"

let upstream: Upstream.Upstream
beforeEach(async () => {
  upstream = await Upstream.start()
})
afterEach(() => upstream.close())

const post = (path: string, body: unknown, signal?: AbortSignal) =>
  fetch(upstream.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: signal ?? null
  })

describe("Upstream", () => {
  it("answers each protocol whole and streamed, and records what it was asked", async () => {
    for (const [path, body, whole, streamed] of [
      ["/v1/chat/completions", { model: "m" }, '"chat.completion"', "data: [DONE]"],
      ["/v1/messages", { model: "m" }, '"type":"message"', '"type":"message_stop"'],
      ["/api/chat", { model: "m", stream: false }, '"done":true', '"done":true']
    ] as const) {
      assert.include(await (await post(path, body)).text(), whole)
      assert.include(await (await post(path, { ...body, stream: true })).text(), streamed)
    }
    assert.include(await (await fetch(`${upstream.url}/api/tags`)).text(), "upstream-model")
    assert.strictEqual((await fetch(`${upstream.url}/nothing`)).status, 404)
    assert.strictEqual(upstream.requests.length, 8)
    assert.strictEqual((await upstream.nextRequest()).json.model, "m")
  })

  it("sends a usage chunk only when it is asked for", async () => {
    const ask = async (more: object) => (await post("/chat/completions", { model: "m", stream: true, ...more })).text()
    assert.notInclude(await ask({}), "prompt_tokens")
    assert.include(await ask({ stream_options: { include_usage: true } }), "prompt_tokens")
  })

  it("holds a chunk back until the gate opens", async () => {
    const gate = Upstream.gate()
    upstream.next(Upstream.eventStream(Wire.sse("one"), gate.opened, Wire.sse("two")))
    const reader = (await post("/chat/completions", {})).body!.getReader()
    assert.include(new TextDecoder().decode((await reader.read()).value), "one")
    gate.open()
    assert.include(new TextDecoder().decode((await reader.read()).value), "two")
    assert.isTrue((await reader.read()).done)
  })

  it("cuts a body after so many bytes, and does not take that for a client that left", async () => {
    upstream.next({ body: "0123456789", cutAfter: 4 }, { body: ["01", Upstream.reset] }, { silent: true })
    const read = () =>
      new Promise<string>((resolve) => {
        let body = ""
        const request = http.get(`${upstream.url}/models`, { agent: false }, (response) => {
          response.on("data", (piece) => (body += piece))
          response.on("error", () => {})
          response.on("close", () => resolve(`${body} ${response.complete}`))
        })
        request.on("error", () => resolve("error"))
      })
    assert.strictEqual(await read(), "0123 false")
    assert.strictEqual(await read(), "01 false")
    const controller = new AbortController()
    const third = post("/left", {}, controller.signal).catch(() => {})
    while ((await upstream.nextRequest()).path !== "/left");
    controller.abort()
    await third
    assert.strictEqual((await upstream.nextAbort()).path, "/left")
    assert.strictEqual(upstream.open(), 0)
  })

  it("uses scripts in order, then the standing one, and sees the status and headers through", async () => {
    upstream.always({ status: 500, body: Wire.openaiError("always") })
    upstream.next({ status: 429, headers: { "retry-after": "7" }, body: Wire.openaiError("next") })
    const first = await post("/chat/completions", {})
    assert.deepStrictEqual([first.status, first.headers.get("retry-after")], [429, "7"])
    assert.strictEqual((await post("/chat/completions", {})).status, 500)
    upstream.always(undefined)
    assert.strictEqual((await post("/chat/completions", {})).status, 200)
  })
})
