/** Streams under load: nothing is held back, nothing piles up, nothing is lost or mixed. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as Lab from "./support/Lab.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

const MB = 1024 * 1024

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start()
})
afterAll(() => lab.close())

const messages = [{ role: "user", content: "hello" }]
const body = (model: string) => ({ model, messages, stream: true })

/** Resident memory of the server in bytes; null where the system does not say. */
const residentBytes = (): number | null => {
  const status = `/proc/${lab.penstock.pid}/status`
  if (!fs.existsSync(status)) return null
  return Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(status, "utf8"))?.[1]) * 1024
}

/** Frames of `size` bytes of text each, in the words of each provider. */
const wires = {
  mock: {
    headers: { "content-type": "text/event-stream" },
    head: Wire.openaiStream({ text: [] }).slice(0, 1),
    frame: (text: string) => Wire.sse({ id: "c", model: "m", choices: [{ index: 0, delta: { content: text } }] }),
    tail: Wire.openaiStream({ text: [] }).slice(1)
  },
  anthropic: {
    headers: { "content-type": "text/event-stream" },
    head: Wire.anthropicStream({ text: ["x"] }).slice(0, 3),
    frame: (text: string) =>
      Wire.sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }, "content_block_delta"),
    tail: Wire.anthropicStream({ text: ["x"] }).slice(4)
  },
  ollama: {
    headers: { "content-type": "application/x-ndjson" },
    head: [],
    frame: (text: string) => Wire.ndjson({ model: "m", message: { role: "assistant", content: text }, done: false }),
    tail: Wire.ollamaStream({ text: [] })
  }
}

for (const provider of Lab.providerNames) {
  const { frame, head, headers, tail } = wires[provider]
  const model = Lab.models[provider]
  const textOf = (answer: Raw.Answer) =>
    Raw.chunksOf(answer.body)
      .map((chunk) => chunk.choices[0]?.delta.content ?? "")
      .join("")

  describe(`a stream of ${provider}`, () => {
    it("reaches the caller as it is written: each piece before the provider has sent the next", async () => {
      const gates = Array.from({ length: 5 }, Upstream.gate)
      const steps = gates.flatMap((gate, at) => [frame(`piece ${at}.`), gate.opened])
      lab.upstreams[provider].next({ headers, body: [...head, ...steps, ...tail] })
      const response = await fetch(`${lab.penstock.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify(body(model))
      })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      let text = ""
      for (const [at, gate] of gates.entries()) {
        // The next piece is not sent before this one has arrived: a gateway that buffers would wait here for ever.
        while (!text.includes(`piece ${at}.`)) text += (await reader.read()).value ?? assert.fail("it ended")
        assert.notInclude(text, `piece ${at + 1}.`)
        gate.open()
      }
      for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value
      assert.include(text, "data: [DONE]")
    })

    it("is slowed down by a caller who does not read, instead of piling up here", async () => {
      const pieces = 64
      const piece = "x".repeat(MB)
      let written = 0
      // Counts what the gateway has taken: a step begins when the one before has left the process.
      const steps = function* () {
        for (let at = 0; at < pieces; at++) {
          yield frame(piece)
          written += 1
        }
      }
      const answered = Upstream.gate()
      lab.upstreams[provider].next(() => {
        answered.open()
        return { headers, body: lazily(head, steps(), tail) }
      })
      const before = residentBytes()
      const caller = Raw.deaf(lab.penstock.url, "/v1/chat/completions", body(model))
      try {
        await answered.opened
        await stands(() => written)
        const [taken, after] = [written, residentBytes()]
        assert.isBelow(taken, pieces / 2)
        if (before !== null && after !== null) assert.isBelow(after - before, 40 * MB)
        // And it goes on when the caller does, to the last byte.
        const bytes = await caller.read()
        assert.isAbove(bytes, pieces * MB)
        assert.strictEqual(written, pieces)
      } finally {
        caller.close()
      }
    })

    it("is one of 100 at once, and each is complete and in order", async () => {
      const texts = Array.from({ length: 100 }, (_, stream) =>
        Array.from({ length: 20 }, (_, at) => `${stream}:${at} `)
      )
      lab.upstreams[provider].always((request) => {
        const asked = Number(request.json.messages[0].content[0]?.text ?? request.json.messages[0].content)
        const steps = texts[asked]!.flatMap((text) => [frame(text), 1])
        return { headers, body: [...head, ...steps, ...tail] }
      })
      const answers = await Promise.all(
        texts.map((_, stream) =>
          Raw.chat(lab.penstock.url, { ...body(model), messages: [{ role: "user", content: String(stream) }] })
        )
      )
      lab.upstreams[provider].always(undefined)
      for (const [stream, answer] of answers.entries()) {
        assert.isTrue(answer.complete)
        assert.strictEqual(textOf(answer), texts[stream]!.join(""))
        assert.strictEqual(Raw.dataOf(answer.body).filter((data) => data === "[DONE]").length, 1)
      }
      const rows = await Promise.all(
        answers.map((answer) => Lab.row(lab.penstock, String(answer.headers["x-request-id"])))
      )
      assert.isTrue(rows.every((row) => row.status === "ok"))
    })
  })
}

/** The steps of a body, made when they are written. */
const lazily = function* (...parts: ReadonlyArray<Iterable<string>>): Generator<string> {
  for (const part of parts) yield* part
}

/** Waits until a figure has stayed the same for a while: what was going to move has moved. */
const stands = async (figure: () => number): Promise<void> => {
  for (let [last, rounds] = [-1, 0]; rounds < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    rounds = figure() === last && last > 0 ? rounds + 1 : 0
    last = figure()
  }
}

describe("many callers who leave", () => {
  it("leave nothing behind: every provider's connection is given up, every row is settled", async () => {
    const started = lab.upstreams.mock.requests.length
    lab.upstreams.mock.always(Upstream.eventStream(...Wire.openaiStream().slice(0, 2), Upstream.hang))
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const controller = new AbortController()
        const response = await fetch(`${lab.penstock.url}/v1/chat/completions`, {
          method: "POST",
          body: JSON.stringify(body("fast")),
          signal: controller.signal
        })
        await response.body!.getReader().read()
        controller.abort()
        return response.headers.get("x-request-id")
      })
    )
    for (let left = 0; left < ids.length; left++) await lab.upstreams.mock.nextAbort()
    lab.upstreams.mock.always(undefined)
    assert.strictEqual(lab.upstreams.mock.open(), 0)
    assert.strictEqual(lab.upstreams.mock.requests.length - started, ids.length)
    const rows = await Promise.all(ids.map((id) => Lab.row(lab.penstock, id)))
    assert.isTrue(rows.every((row) => row.status === "partial"))
    assert.isTrue(await Lab.isAlive(lab.penstock))
  })
})
