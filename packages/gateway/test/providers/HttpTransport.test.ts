import { assert, describe } from "@effect/vitest"
import { collect } from "@penstock/gateway/providers/Transport"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { createServer as createTcpServer, type Socket } from "node:net"
import { http, ignore, listening, post, signal, tcp, test, transportTo } from "./loopback.ts"

describe("an exchange over HTTP", () => {
  test(
    "sends the request as it is, below the path of the base URL, and gives status, headers and body",
    Effect.gen(function* () {
      const { url } = yield* http((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          response.writeHead(418, { "X-Odd": "1", "content-type": "text/plain" })
          const { headers, method, url } = request
          response.end(JSON.stringify({ method, url, key: headers["x-key"], body: Buffer.concat(chunks).toString() }))
        })
      })
      for (const base of ["/v1", "/v1/", ""]) {
        const answer = yield* collect(yield* transportTo(url + base), post("/chat", "é"))
        assert.strictEqual(answer.status, 418)
        assert.strictEqual(answer.headers["x-odd"], "1")
        assert.deepStrictEqual(JSON.parse(answer.body.toString()), {
          method: "POST",
          url: `${base.replace(/\/$/, "")}/chat`,
          key: "k",
          body: "é"
        })
      }
    })
  )

  test(
    "waits for the real head when informational ones come before it",
    Effect.gen(function* () {
      const { url } = yield* http((_, response) => {
        response.writeEarlyHints({ link: "</x>; rel=preload" })
        response.end("ok")
      })
      const answer = yield* collect(yield* transportTo(url), post())
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.body.toString(), "ok")
    })
  )

  test(
    "with nobody there is unreachable, and the failure names the address but no credentials",
    Effect.gen(function* () {
      // A port that was free a moment ago.
      const url = yield* Effect.scoped(listening(createTcpServer()))
      const error = yield* Effect.flip(collect(yield* transportTo(`${url.replace("//", "//user:secret@")}/v1`), post()))
      assert.strictEqual(error.reason, "unreachable")
      assert.include(error.message, `${url}/v1`)
      assert.include(error.message, "ECONNREFUSED")
      assert.notInclude(error.message, "secret")
    })
  )

  test(
    "whose receiver throws is a defect of ours, and not taken for a broken connection",
    Effect.gen(function* () {
      const { url } = yield* http((_, response) => response.end("ok"))
      const transport = yield* transportTo(url)
      const broken = () => {
        throw new Error("a bug")
      }
      for (const receiver of [
        { onHead: broken, onChunk: () => "more" as const },
        { onHead: () => {}, onChunk: broken }
      ]) {
        const exit = yield* Effect.exit(transport.exchange(post(), receiver))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause), String(exit))
      }
    })
  )

  test(
    "whose connection ends before the head is a network failure that names the address",
    Effect.gen(function* () {
      for (const end of [(socket: Socket) => socket.resetAndDestroy(), (socket: Socket) => socket.end()]) {
        const url = yield* tcp(end)
        const error = yield* Effect.flip(collect(yield* transportTo(url), post()))
        assert.strictEqual(error.reason, "network")
        assert.include(error.message, url)
      }
    })
  )

  test(
    "whose connection ends within the body is a network failure, after what had come",
    Effect.gen(function* () {
      const heads = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n"
      ]
      for (const head of heads) {
        for (const end of [(socket: Socket) => socket.resetAndDestroy(), (socket: Socket) => socket.end()]) {
          const seen = signal<void>()
          const url = yield* tcp((socket) => {
            socket.write(`${head}partial`)
            Effect.runFork(Effect.map(seen.wait, () => end(socket)))
          })
          let text = ""
          const transport = yield* transportTo(url)
          const error = yield* Effect.flip(
            transport.exchange(post(), {
              onHead: () => {},
              onChunk: (chunk) => {
                text += Buffer.from(chunk).toString()
                seen.give()
                return "more"
              }
            })
          )
          assert.strictEqual(error.reason, "network")
          assert.strictEqual(text, "partial")
        }
      }
    })
  )

  test(
    "that is no HTTP is a network failure",
    Effect.gen(function* () {
      const url = yield* tcp((socket) => socket.end("SSH-2.0-OpenSSH_9.6\r\n"))
      const error = yield* Effect.flip(collect(yield* transportTo(url), post()))
      assert.strictEqual(error.reason, "network")
    })
  )

  test(
    "with a header that cannot be sent fails without a word of the header's value",
    Effect.gen(function* () {
      const { url } = yield* http((_, response) => response.end())
      const request = { ...post(), headers: { authorization: "Bearer top\nsecret" } }
      const error = yield* Effect.flip(collect(yield* transportTo(url), request))
      assert.notInclude(error.message, "secret")
      assert.strictEqual(error.reason, "not_configured")
      assert.include(error.message, "authorization")
    })
  )
})

describe("interruption", () => {
  test(
    "closes the provider's connection, before the head and within the body",
    Effect.gen(function* () {
      for (const begun of [false, true]) {
        const asked = signal<void>()
        const closed = signal<void>()
        const { url } = yield* http((request, response) => {
          request.socket.once("close", () => closed.give())
          request.resume()
          if (begun) response.write("data: a\n\n")
          else asked.give()
        })
        const transport = yield* transportTo(url)
        const fiber = yield* Effect.fork(
          transport.exchange(post(), {
            onHead: () => {},
            onChunk: () => {
              asked.give()
              return "more"
            }
          })
        )
        yield* asked.wait
        yield* Fiber.interrupt(fiber)
        yield* closed.wait
      }
    })
  )

  test(
    "of a paused exchange closes its connection too",
    Effect.gen(function* () {
      const paused = signal<void>()
      const closed = signal<void>()
      const { url } = yield* http((request, response) => {
        request.socket.once("close", () => closed.give())
        request.resume()
        response.write("data: a\n\n")
      })
      const transport = yield* transportTo(url)
      const fiber = yield* Effect.fork(
        transport.exchange(post(), {
          onHead: () => {},
          onChunk: () => {
            paused.give()
            return "pause"
          }
        })
      )
      yield* paused.wait
      yield* Fiber.interrupt(fiber)
      yield* closed.wait
    })
  )

  test(
    "before a connection is there sends nothing",
    Effect.gen(function* () {
      let requests = 0
      const { all, url } = yield* http((_, response) => {
        requests += 1
        response.end()
      })
      const transport = yield* transportTo(url)
      const fiber = yield* Effect.fork(transport.exchange(post(), ignore))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      // The next exchange on the same pool is not disturbed, and the first is not sent after all.
      const answer = yield* collect(transport, post("/second"))
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(requests, 1)
      assert.isAtMost(all.length, 2)
    })
  )
})
