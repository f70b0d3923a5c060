/** What goes wrong once an answer has begun. */
import { assert } from "@effect/vitest"
import * as Upstream from "../Upstream.ts"
import { once, type Row, type Scene } from "./Row.ts"
import { begins, beginsWhole } from "./Wires.ts"

/** Two of three pieces are with the caller, then it goes on as the steps say. */
const afterTwo = ({ wire }: Scene, ...then: ReadonlyArray<Upstream.Step>) => begins(wire, 2, ...then)

const broken = (scene: Scene, ...then: ReadonlyArray<Upstream.Step>): Upstream.Answer =>
  scene.stream ? afterTwo(scene, ...then) : beginsWhole(scene.wire, ...then)

/** The second target begins anew, says the same, and the caller gets the rest of it. */
const goesOn = (id: string, fault: string, reason: string, policy: Row["policy"], step: Upstream.Step): Row => ({
  id,
  fault,
  policy: { retry: { max: 0 }, ...policy },
  play: once(
    (scene) => scene.calls.first.always(broken(scene, step)),
    ({ stream }) => ({
      status: 200,
      attempts: [`first: ${reason}`, "second: ok"],
      // The head of a stream is with the caller before the second attempt.
      ...(stream && { attemptsInHead: 1 })
    })
  )
})

export const broke: ReadonlyArray<Row> = [
  {
    id: "cut-before-token",
    fault: "cut before the first token: the next target, invisibly",
    modes: ["stream"],
    policy: { retry: { max: 0 } },
    play: once(
      ({ calls, wire }) => calls.first.always(begins(wire, 0, Upstream.cut)),
      () => ({ status: 200, attempts: ["first: network", "second: ok"] })
    )
  },
  goesOn("cut", "cut in the middle: the next target's answer goes on while it agrees", "network", {}, Upstream.cut),
  goesOn("reset", "reset in the middle", "network", {}, Upstream.reset),
  goesOn("stall", "stalled in the middle", "timeout", { timeout: { first_token: "5s", idle: "300ms" } }, Upstream.hang),
  {
    id: "cut-disagrees",
    fault: "cut in the middle, and the next target says something else: an error in the stream",
    modes: ["stream"],
    policy: { retry: { max: 0 } },
    play: once(
      (scene) => {
        scene.calls.first.always(broken(scene, Upstream.cut))
        scene.calls.second.always((request) => Upstream.ordinary(request, { text: ["Quite", " another", " text."] }))
      },
      ({ stream }) => ({
        status: 200,
        text: "Hello from",
        error: "answers_differ",
        attempts: ["first: network", "second: network"],
        ...(stream && { attemptsInHead: 1 })
      })
    )
  },
  {
    id: "cut-prefill",
    fault: "cut in the middle, and the next target continues from there",
    modes: ["stream"],
    policy: { retry: { max: 0 } },
    targets: ["first", { place: "second", capabilities: { prefill: true } }],
    play: once(
      (scene) => {
        scene.calls.first.always(broken(scene, Upstream.cut))
        scene.calls.second.always((request) => Upstream.ordinary(request, { text: [" upstream."] }))
      },
      () => ({ status: 200, attempts: ["first: network", "second: ok"], attemptsInHead: 1 }),
      (_, { calls }) => {
        const last = calls.second.received[0]!.json.messages.at(-1)
        assert.strictEqual(last.role, "assistant")
        assert.include(JSON.stringify(last.content), "Hello from")
      }
    )
  },
  {
    id: "cut-alone",
    fault: "cut in the middle, and no other target: an error in the stream, never a clean end",
    targets: ["first"],
    modes: ["stream"],
    policy: { retry: { max: 0 } },
    play: once(
      (scene) => scene.calls.first.always(broken(scene, Upstream.cut)),
      () => ({ status: 200, text: "Hello from", error: "network", attempts: ["first: network"] })
    )
  },
  {
    id: "no-terminal-event",
    fault: "a clean end without the terminal event is a cut",
    targets: ["first"],
    modes: ["stream"],
    policy: { retry: { max: 0 } },
    play: once(
      ({ calls, wire }) => calls.first.always(begins(wire, 3)),
      () => ({ status: 200, text: "Hello from upstream.", error: "network", attempts: ["first: network"] })
    )
  },
  {
    id: "commit-complete",
    fault: "cut in the middle with `commit: complete`: the next target's answer, whatever it says",
    modes: ["stream"],
    policy: { retry: { max: 0 }, stream: { commit: "complete" } },
    play: once(
      (scene) => {
        scene.calls.first.always(broken(scene, Upstream.cut))
        scene.calls.second.always((request) => Upstream.ordinary(request, { text: ["Quite", " another", " text."] }))
      },
      () => ({ status: 200, text: "Quite another text.", attempts: ["first: network", "second: ok"] })
    )
  }
]

const inBytes = (text: string): ReadonlyArray<Uint8Array> =>
  [...Buffer.from(text)].map((byte) => Uint8Array.from([byte]))

/** The frames, this many from their end left out. */
const without = ({ wire }: Scene, last: number, ...then: ReadonlyArray<Upstream.Step>): Upstream.Answer => ({
  headers: wire.headers,
  body: [...wire.frames().slice(0, wire.frames().length - last), ...then]
})

const answered = () => ({ status: 200, attempts: ["first: ok"] })

export const bent: ReadonlyArray<Row> = [
  {
    id: "malformed-event",
    fault: "a malformed event in a stream that ends well is skipped",
    modes: ["stream"],
    play: once(({ calls, wire }) => {
      const frames = wire.frames()
      const at = wire.silent + 1
      calls.first.always({
        headers: wire.headers,
        body: [...frames.slice(0, at), wire.malformed, ...frames.slice(at)]
      })
    }, answered)
  },
  {
    id: "no-end-mark",
    fault: "no `[DONE]` (or `message_stop`): ended with the body",
    modes: ["stream"],
    wires: ["openai", "anthropic"],
    play: once((scene) => scene.calls.first.always(without(scene, 1)), answered)
  },
  {
    id: "open-behind-end",
    fault: "a connection that stays open behind the terminal event: ended at once",
    modes: ["stream"],
    play: once((scene) => scene.calls.first.always(without(scene, 0, Upstream.hang)), answered)
  },
  {
    id: "slow-loris",
    fault: "one byte at a time",
    play: once(({ calls, stream, wire }) => {
      calls.first.always({
        headers: stream ? wire.headers : { "content-type": "application/json" },
        body: inBytes(stream ? wire.frames().join("") : JSON.stringify(wire.whole()))
      })
    }, answered)
  }
]
