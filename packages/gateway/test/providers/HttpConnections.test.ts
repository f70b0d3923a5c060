import { assert, describe, it } from "@effect/vitest"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import { collect } from "@penstock/gateway/providers/Transport"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ServerResponse } from "node:http"
import { http, post, signal, test, transportTo, turns } from "./loopback.ts"

describe("a receiver that pauses", () => {
  test(
    "is sent no more, and the provider's writes pile up on its own side until it resumes",
    Effect.gen(function* () {
      const size = 64 * 1024
      const chunk = Buffer.alloc(size, "x")
      // 64 MB, which no kernel buffers.
      const total = 1024
      let written = 0
      const { url } = yield* http((request, response) => {
        request.resume()
        const write = (): void => {
          while (written < total) {
            written += 1
            if (!response.write(chunk)) {
              response.once("drain", write)
              return
            }
          }
          response.end()
        }
        write()
      })
      const transport = yield* transportTo(url)
      const paused = signal<void>()
      let received = 0
      let resume = () => {}
      let pausing = true
      const fiber = yield* Effect.fork(
        transport.exchange(post(), {
          onHead: (_, __, how) => {
            resume = how
          },
          onChunk: (bytes) => {
            received += bytes.length
            paused.give()
            return pausing ? "pause" : "more"
          }
        })
      )
      yield* paused.wait
      let before = -1
      while (before !== written) {
        before = written
        yield* turns(50)
      }
      assert.isBelow(written, total / 2)
      assert.isBelow(received, 4 * size)
      pausing = false
      resume()
      yield* Fiber.join(fiber)
      assert.strictEqual(written, total)
      assert.strictEqual(received, total * size)
    })
  )

  test(
    "at every chunk gets all of them, in order, with one resume for each",
    Effect.gen(function* () {
      const lines = Array.from({ length: 500 }, (_, at) => `data: ${at}\n\n`)
      const { url } = yield* http((request, response) => {
        request.resume()
        for (const line of lines) response.write(line)
        response.end()
      })
      const transport = yield* transportTo(url)
      let text = ""
      let resume = () => {}
      yield* transport.exchange(post(), {
        onHead: (_, __, how) => {
          resume = how
        },
        onChunk: (chunk) => {
          text += Buffer.from(chunk).toString()
          setImmediate(resume)
          return "pause"
        }
      })
      assert.strictEqual(text, lines.join(""))
    })
  )
})

describe("connections", () => {
  test(
    "are kept: requests one after the other share one",
    Effect.gen(function* () {
      const { all, url } = yield* http((_, response) => response.end("ok"))
      const transport = yield* transportTo(url)
      for (let at = 0; at < 20; at += 1) {
        yield* collect(transport, post())
        // Asked for within the very turn that ended the answer before, it would be one more.
        yield* turns(1)
      }
      // Another provider at the same origin shares it too.
      yield* collect(yield* transportTo(`${url}/other`), post())
      assert.lengthOf(all, 1)
    })
  )

  test(
    "are kept when the receiver had enough, if the rest of the answer comes soon",
    Effect.gen(function* () {
      const { all, url } = yield* http((request, response) => {
        request.resume()
        response.write("data: [DONE]\n\n")
        setImmediate(() => response.end(": bye\n\n"))
      })
      const transport = yield* transportTo(url)
      for (let at = 0; at < 10; at += 1) {
        const chunks: Array<string> = []
        yield* transport.exchange(post(), {
          onHead: () => {},
          onChunk: (chunk) => {
            chunks.push(Buffer.from(chunk).toString())
            return "enough"
          }
        })
        assert.lengthOf(chunks, 1)
        // The rest arrives within a few turns; nothing tells, as nobody is told of it.
        yield* turns(20)
      }
      assert.lengthOf(all, 1)
    })
  )

  test(
    "that stay open after the receiver had enough do not keep the exchange waiting, and are closed",
    Effect.gen(function* () {
      const closed = signal<void>()
      const { url } = yield* http((request, response) => {
        request.resume()
        request.socket.once("close", () => closed.give())
        response.write("data: [DONE]\n\n")
      })
      const transport = yield* transportTo(url)
      yield* transport.exchange(post(), { onHead: () => {}, onChunk: () => "enough" })
      yield* closed.wait
    })
  )

  test(
    "serve as many requests at once as there are",
    Effect.gen(function* () {
      const waiting: Array<ServerResponse> = []
      const { url } = yield* http((request, response) => {
        request.resume()
        waiting.push(response)
        // Nobody is answered before all have asked.
        if (waiting.length === 100) for (const each of waiting) each.end("ok")
      })
      const transport = yield* transportTo(url)
      const answers = yield* Effect.all(
        Array.from({ length: 100 }, () => collect(transport, post())),
        { concurrency: "unbounded" }
      )
      assert.isTrue(answers.every(({ body }) => body.toString() === "ok"))
    })
  )

  it.scopedLive("are closed with the layer", () =>
    Effect.gen(function* () {
      const closed = signal<void>()
      const { url } = yield* http((request, response) => {
        request.socket.once("close", () => closed.give())
        response.end("ok")
      })
      yield* Effect.provide(
        Effect.flatMap(transportTo(url), (transport) => collect(transport, post())),
        HttpTransport.layer
      )
      yield* closed.wait
    })
  )
})
