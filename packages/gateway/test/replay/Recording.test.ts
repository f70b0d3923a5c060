import { assert, describe, it } from "@effect/vitest"
import * as Recording from "@penstock/gateway/replay/Recording"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import { client, head, type Client } from "./clients.ts"

type Step =
  | { readonly do: "write"; readonly bytes: Uint8Array }
  | { readonly do: "join"; readonly room: number }
  | { readonly do: "drain" | "leave"; readonly which: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), bytes: fc.uint8Array({ maxLength: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("join" as const), room: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drain" as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(9) }) }
)

/** A provider that writes only while it is not paused, and clients who come and go. */
const play = (maxBytes: number, steps: ReadonlyArray<Step>) => {
  const recording = Recording.make(maxBytes)
  const here: Array<{ readonly client: Client; readonly leave: () => void }> = []
  const gone: Array<Client> = []
  const written: Array<Uint8Array> = []
  let paused = false
  recording.sink.onDrain(() => {
    paused = false
  })
  recording.sink.begin(head)
  const dropped = () => here.filter(({ client }) => client.outcomes.length > 0)
  for (const each of steps) {
    const at = "which" in each ? each.which % Math.max(1, here.length) : 0
    if (each.do === "join" && recording.isJoinable()) {
      const joined = client(each.room)
      here.push({ client: joined, leave: recording.attach(joined.sink, joined.done) })
    } else if (each.do === "write" && !paused) {
      written.push(each.bytes)
      paused = !recording.sink.write(each.bytes)
    } else if (each.do === "drain") here[at]?.client.drain()
    else if (each.do === "leave") {
      const [left] = here.splice(at, 1)
      left?.leave()
      if (left !== undefined) gone.push(left.client)
    }
    for (const lost of dropped()) here.splice(here.indexOf(lost), 1)
    // The provider is told with a write, and waits no longer than until one of them takes more.
    const full = here.every(({ client }) => client.isFull())
    if (here.length > 0) assert.isTrue(each.do === "write" ? paused === full : full || !paused)
  }
  recording.sink.end(null)
  recording.finish(Exit.void)
  for (const { client } of here) while (client.outcomes.length === 0) client.drain()
  return { recording, clients: here.map(({ client }) => client), gone, written: Buffer.concat(written) }
}

describe("a recording", () => {
  it("gives every client the same bytes from the beginning, whenever it joins and however slowly it reads", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clients, gone, recording, written } = play(Number.POSITIVE_INFINITY, steps)
        for (const each of clients) {
          assert.deepStrictEqual(each.bytes(), written)
          assert.strictEqual(each.calls.indexOf("begin"), 0)
          assert.strictEqual(each.calls.lastIndexOf("begin"), 0)
          assert.strictEqual(each.calls.indexOf("end"), each.calls.length - 1)
          assert.deepStrictEqual(each.outcomes, [Exit.void])
        }
        for (const each of gone) {
          assert.deepStrictEqual(each.bytes(), written.subarray(0, each.bytes().length))
          assert.notInclude(each.calls, "end")
          assert.deepStrictEqual(each.outcomes, [])
        }
        assert.deepStrictEqual(recording.answer()?.bytes, written)
      }),
      { numRuns: 500 }
    )
  })

  it("keeps that promise to whoever is left when the answer has outgrown the bound", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 0, max: 60 }), (steps, maxBytes) => {
        const { clients, recording, written } = play(maxBytes, steps)
        for (const each of clients) assert.deepStrictEqual(each.bytes(), written)
        assert.strictEqual(recording.isJoinable(), written.length <= maxBytes)
        assert.strictEqual(recording.answer() !== null, written.length <= maxBytes)
      }),
      { numRuns: 500 }
    )
  })

  it("lets a client go who is further behind another than the bound, and nobody else", () => {
    const recording = Recording.make(10)
    const [stuck, quick] = [client(1), client()]
    for (const each of [stuck, quick]) recording.attach(each.sink, each.done)
    recording.sink.begin(head)
    for (let at = 0; at < 5; at++) assert.isTrue(recording.sink.write(Buffer.from("four")))
    assert.strictEqual(stuck.bytes().toString(), "four")
    assert.strictEqual(stuck.outcomes.length, 1)
    assert.isTrue(Exit.isFailure(stuck.outcomes[0]!))
    assert.strictEqual(quick.bytes().length, 20)
    assert.deepStrictEqual(quick.outcomes, [])
    // What it was given is all that it ever gets.
    stuck.drain()
    assert.strictEqual(stuck.bytes().length, 4)
  })

  it("slows the provider for the last client, however large the answer is, and never lets it go", () => {
    const recording = Recording.make(10)
    const only = client(1)
    let resumed = 0
    recording.sink.onDrain(() => {
      resumed += 1
    })
    recording.attach(only.sink, only.done)
    recording.sink.begin(head)
    for (let at = 0; at < 9; at++) {
      assert.isFalse(recording.sink.write(Buffer.from("four")))
      only.drain()
      assert.strictEqual(resumed, at + 1)
    }
    assert.strictEqual(only.bytes().length, 36)
    assert.deepStrictEqual(only.outcomes, [])
  })

  it("goes on for a client who joins while all others are full", () => {
    const recording = Recording.make(100)
    const [full, fresh] = [client(1), client()]
    let resumed = 0
    recording.sink.onDrain(() => {
      resumed += 1
    })
    recording.attach(full.sink, full.done)
    recording.sink.begin(head)
    assert.isFalse(recording.sink.write(Buffer.from("a")))
    recording.attach(fresh.sink, fresh.done)
    assert.strictEqual(resumed, 1)
    assert.strictEqual(fresh.bytes().toString(), "a")
  })

  it("tells a failure after what came before it, to each client when it is there", () => {
    const recording = Recording.make(100)
    const failure = Exit.fail(GatewayError.make("network", "it broke"))
    const [slow, quick] = [client(1), client()]
    for (const each of [slow, quick]) recording.attach(each.sink, each.done)
    recording.sink.begin(head)
    recording.sink.write(Buffer.from("a"))
    recording.sink.write(Buffer.from("b"))
    recording.finish(failure)
    assert.deepStrictEqual(quick.outcomes, [failure])
    assert.deepStrictEqual(slow.outcomes, [])
    slow.drain()
    assert.strictEqual(slow.bytes().toString(), "ab")
    assert.deepStrictEqual(slow.outcomes, [failure])
    assert.notInclude(slow.calls, "end")
    assert.isNull(recording.answer())
  })
})
