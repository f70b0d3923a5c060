/** `Idempotency-Key`: a request that is sent again is one call, one answer and one row. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import * as http from "node:http"
import * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Sqlite from "./support/Sqlite.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: Lab.Lab
beforeAll(async () => {
  lab = await Lab.start(`server: { auth: keys, admin_key: the-admin-key }
keys:
  - { name: alice, key: alice-secret-key }
  - { name: bob, key: bob-secret-key }
`)
})
afterAll(() => lab.close())

const messages = [{ role: "user", content: "hello" }]
const bodyOf = (stream: boolean, model = "fast") => ({ model, messages, ...(stream && { stream }) })
const headersOf = (key: string, caller = "alice") => ({
  authorization: `Bearer ${caller}-secret-key`,
  "idempotency-key": key
})
const ask = (key: string, stream: boolean, caller?: string, model?: string) =>
  Raw.chat(lab.penstock.url, bodyOf(stream, model), headersOf(key, caller))

const rows = async (): Promise<ReadonlyArray<Lab.Row>> => {
  const answer = await Raw.send(`${lab.penstock.url}/v1/requests?limit=1000`, {
    headers: { authorization: "Bearer the-admin-key" }
  })
  return answer.json.requests
}

/** The row once it is settled. */
const rowOf = async (id: unknown): Promise<Lab.Row> => {
  for (let tries = 0; tries < 500; tries++) {
    const row = (await rows()).find((each) => each.id === id)
    if (row !== undefined && row.status !== "open") return row
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`no settled row for ${String(id)}`)
}

/** A client that reads a stream as it comes. */
const reader = (key: string, url = lab.penstock.url) => {
  const request = http.request(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { ...headersOf(key), "content-type": "application/json" },
    agent: false
  })
  request.on("error", () => {})
  request.end(JSON.stringify(bodyOf(true)))
  let text = ""
  let changed = () => {}
  const head = new Promise<http.IncomingMessage>((resolve) =>
    request.on("response", (response) => {
      response.on("error", () => {})
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece
        changed()
      })
      response.on("close", () => changed())
      resolve(response)
    })
  )
  return {
    head,
    text: () => text,
    until: async (part: string) => {
      while (!text.includes(part)) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    },
    leave: () => request.destroy()
  }
}

/** A stream with a gate before its last frames. */
const gated = () => {
  const gate = Upstream.gate()
  const frames = Wire.openaiStream()
  lab.upstreams.mock.next(Upstream.eventStream(...frames.slice(0, 3), gate.opened, ...frames.slice(3)))
  return { open: gate.open, early: " from" }
}

const idOf = (answer: Raw.Answer) => answer.headers["x-request-id"]

for (const stream of [false, true]) {
  describe(`an answer that is ${stream ? "streamed" : "whole"}`, () => {
    it("is one call and one row for 50 requests at once", async () => {
      const key = randomUUID()
      const before = [lab.upstreams.mock.requests.length, (await rows()).length] as const
      const gate = Upstream.gate()
      lab.upstreams.mock.next(async (request) => {
        await gate.opened
        return Upstream.ordinary(request)
      })
      const asked = Array.from({ length: 50 }, () => ask(key, stream))
      await lab.upstreams.mock.nextRequest()
      gate.open()
      const answers = await Promise.all(asked)
      const [first] = answers
      for (const answer of answers) {
        assert.strictEqual(answer.status, 200)
        assert.isTrue(answer.complete)
        assert.strictEqual(answer.body, first!.body)
        assert.strictEqual(idOf(answer), idOf(first!))
      }
      assert.strictEqual(answers.filter((answer) => answer.headers["idempotent-replayed"] === undefined).length, 1)
      assert.strictEqual(lab.upstreams.mock.requests.length, before[0] + 1)
      assert.strictEqual((await rowOf(idOf(first!))).status, "ok")
      assert.strictEqual((await rows()).length, before[1] + 1)
    })

    it("is given again after its end, byte for byte, with the first one's headers", async () => {
      const key = randomUUID()
      const first = await ask(key, stream)
      const count = lab.upstreams.mock.requests.length
      const again = await ask(key, stream)
      assert.strictEqual(again.body, first.body)
      const { date: _, "idempotent-replayed": replayed, ...headers } = again.headers
      const { date: __, ...expected } = first.headers
      assert.deepStrictEqual(headers, expected)
      assert.strictEqual(replayed, "true")
      assert.strictEqual(lab.upstreams.mock.requests.length, count)
      assert.strictEqual((await rows()).filter((row) => row.id === idOf(first)).length, 1)
    })

    it("is not given again when it was a failure: the repeat runs anew", async () => {
      const key = randomUUID()
      lab.upstreams.mock.next({ status: 400, body: Wire.openaiError("no", "invalid_request_error") })
      const failed = await ask(key, stream)
      assert.strictEqual(failed.status, 400)
      assert.strictEqual((await rowOf(idOf(failed))).status, "error")
      const again = await ask(key, stream)
      assert.strictEqual(again.status, 200)
      assert.isUndefined(again.headers["idempotent-replayed"])
      assert.notStrictEqual(idOf(again), idOf(failed))
    })

    it("belongs to its key, its body and its caller", async () => {
      const key = randomUUID()
      const first = await ask(key, stream)
      const other = await ask(key, stream, "alice", "mock/upstream-model")
      assert.strictEqual(other.status, 409)
      assert.strictEqual(other.json.error.code, "idempotency_key_reused")
      const bobs = await ask(key, stream, "bob")
      assert.strictEqual(bobs.status, 200)
      assert.notStrictEqual(idOf(bobs), idOf(first))
      const fresh = await ask(randomUUID(), stream)
      assert.notStrictEqual(idOf(fresh), idOf(first))
    })
  })
}

describe("a stream that several clients read", () => {
  it("is given from its beginning to a client who comes in the middle", async () => {
    const key = randomUUID()
    const { early, open } = gated()
    const first = reader(key)
    await first.until(early)
    const second = reader(key)
    await second.until(early)
    assert.strictEqual((await second.head).headers["x-request-id"], (await first.head).headers["x-request-id"])
    assert.strictEqual((await second.head).headers["idempotent-replayed"], "true")
    open()
    for (const each of [first, second]) await each.until("[DONE]")
    assert.strictEqual(second.text(), first.text())
  })

  it("goes on when the client that started it leaves", async () => {
    const key = randomUUID()
    const { early, open } = gated()
    const first = reader(key)
    await first.until(early)
    const second = reader(key)
    await second.until(early)
    first.leave()
    const third = reader(key)
    await third.until(early)
    open()
    await second.until("[DONE]")
    await third.until("[DONE]")
    assert.strictEqual(third.text(), second.text())
    assert.strictEqual((await rowOf((await second.head).headers["x-request-id"])).status, "ok")
  })

  it("is given up when all have left: the provider is aborted, the row is partial, a repeat runs anew", async () => {
    const key = randomUUID()
    const { early } = gated()
    const clients = [reader(key), reader(key), reader(key)]
    for (const each of clients) await each.until(early)
    const id = (await clients[0]!.head).headers["x-request-id"]
    for (const each of clients) each.leave()
    await lab.upstreams.mock.nextAbort()
    assert.strictEqual((await rowOf(id)).status, "partial")
    const again = await ask(key, true)
    assert.strictEqual(again.status, 200)
    assert.notStrictEqual(idOf(again), id)
  })

  it("ends for all of them with the failure that breaks it off", async () => {
    const key = randomUUID()
    const gate = Upstream.gate()
    lab.upstreams.mock.next(Upstream.eventStream(...Wire.openaiStream().slice(0, 3), gate.opened, Upstream.cut))
    const clients = [reader(key), reader(key)]
    for (const each of clients) await each.until(" from")
    gate.open()
    for (const each of clients) {
      await each.until(`"code":"network"`)
      assert.notInclude(each.text(), "[DONE]")
    }
    assert.strictEqual(clients[1]!.text(), clients[0]!.text())
  })

  it("does not stall for one who does not read, who is let go when he is too far behind", async () => {
    const key = randomUUID()
    const pieces = 40
    const frame = Wire.sse({
      id: "c",
      model: "m",
      choices: [{ index: 0, delta: { content: "x".repeat(1024 * 1024) } }]
    })
    const [head, ...tail] = Wire.openaiStream()
    const gate = Upstream.gate()
    lab.upstreams.mock.next(Upstream.eventStream(head!, frame, gate.opened, ...Array(pieces).fill(frame), ...tail))
    const deaf = http.request(`${lab.penstock.url}/v1/chat/completions`, {
      method: "POST",
      headers: headersOf(key),
      agent: false
    })
    deaf.on("error", () => {})
    const response = new Promise<http.IncomingMessage>((resolve) => deaf.on("response", resolve))
    deaf.end(JSON.stringify(bodyOf(true)))
    const silent = await response
    silent.on("error", () => {})
    silent.pause()
    const quick = ask(key, true)
    gate.open()
    const answer = await quick
    assert.isTrue(answer.complete)
    assert.strictEqual(Raw.dataOf(answer.body).at(-1), "[DONE]")
    assert.isAbove(answer.bytes.length, pieces * 1024 * 1024)
    // Too large to be kept, and not billed twice.
    const late = await ask(key, true)
    assert.strictEqual(late.status, 409)
    assert.strictEqual(late.json.error.code, "idempotent_answer_too_large")
    // The one who did not read is told why his answer ends here.
    let text = ""
    for await (const piece of silent.setEncoding("utf8")) text = text.slice(-1000) + String(piece)
    assert.include(text, "idempotent_client_fell_behind")
  })
})

describe("the header", () => {
  it("is refused when it is no key, before anything is sent", async () => {
    const count = lab.upstreams.mock.requests.length
    for (const key of ["", "two words", "x".repeat(256)]) {
      const answer = await ask(key, false)
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(answer.json.error.code, "invalid_idempotency_key")
    }
    assert.strictEqual(lab.upstreams.mock.requests.length, count)
  })
})

describe("a gateway that stops", () => {
  it("tells every client of a call, and settles its one row as what it was", async () => {
    const upstream = await Upstream.start()
    const cwd = Penstock.temporaryFolder()
    const config = Lab.config(upstream.url, "server: { shutdown_grace: 100ms }\n")
    const penstock = await Penstock.start({ cwd, config })
    try {
      upstream.next(Upstream.eventStream(...Wire.openaiStream().slice(0, 3), Upstream.hang))
      const clients = [reader("k", penstock.url), reader("k", penstock.url)]
      for (const each of clients) await each.until(" from")
      assert.strictEqual((await penstock.stop()).code, 0)
      for (const each of clients) await each.until("shutting_down")
      const kept = Sqlite.query<{ readonly status: string; readonly error: string }>(
        penstock.database,
        "SELECT status, error FROM requests"
      )
      assert.strictEqual(kept.length, 1)
      assert.strictEqual(kept[0]!.status, "error")
      assert.include(kept[0]!.error, "shutting_down")
    } finally {
      await penstock.stop()
      await upstream.close()
      fs.rmSync(cwd, { recursive: true, force: true })
    }
  })
})
