/** Failures that are the request's own, targets that cannot be called, and callers who leave. */
import { assert } from "@effect/vitest"
import * as Upstream from "../Upstream.ts"
import * as Wire from "../Wire.ts"
import { once, type Row, type Scene } from "./Row.ts"
import { begins, failing } from "./Wires.ts"

const tooLong: Upstream.Answer = {
  status: 400,
  body: Wire.openaiError("it does not fit", "invalid_request_error", "context_length_exceeded")
}
const filtered: Upstream.Answer = {
  status: 400,
  body: Wire.openaiError("it is filtered", "invalid_request_error", "content_filter")
}

/** No other attempt is made, and the provider's own words reach the caller. */
const toldAtOnce = (
  id: string,
  fault: string,
  error: { readonly status: number; readonly code: string; readonly reason: string; readonly says: string },
  answer: (scene: Scene) => Upstream.Answer,
  more: Pick<Row, "wires" | "targets"> = {}
): Row => ({
  id,
  fault,
  ...more,
  play: once(
    (scene) => scene.calls.first.always(answer(scene)),
    () => ({ status: error.status, error: error.code, attempts: [`first: ${error.reason}`] }),
    (heard) => assert.include(heard.error!.message, error.says)
  )
})

export const ofRequest: ReadonlyArray<Row> = [
  {
    id: "context-length",
    fault: "context too long: the next target with a larger window, no retry",
    wires: ["openai"],
    targets: [
      { place: "first", capabilities: { context_window: 8000 } },
      { place: "second", capabilities: { context_window: 200_000 } }
    ],
    play: once(
      ({ calls }) => calls.first.always(tooLong),
      () => ({ status: 200, attempts: ["first: context_length", "second: ok"] })
    )
  },
  toldAtOnce(
    "context-length-everywhere",
    "context too long, and no larger window: the provider's error",
    { status: 400, code: "context_length_exceeded", reason: "context_length", says: "it does not fit" },
    () => tooLong,
    {
      wires: ["openai"],
      targets: [
        { place: "first", capabilities: { context_window: 8000 } },
        { place: "second", capabilities: { context_window: 4000 } }
      ]
    }
  ),
  toldAtOnce(
    "content-filter",
    "content filter: no other target",
    { status: 400, code: "content_filter", reason: "content_filter", says: "it is filtered" },
    () => filtered,
    { wires: ["openai"] }
  ),
  {
    id: "content-filter-named",
    fault: "content filter, and `fallback_on` names it: the next target",
    wires: ["openai"],
    policy: { fallback_on: ["content_filter"] },
    play: once(
      ({ calls }) => calls.first.always(filtered),
      () => ({ status: 200, attempts: ["first: content_filter", "second: ok"] })
    )
  },
  toldAtOnce(
    "invalid-request",
    "400: no other target",
    { status: 400, code: "invalid_request", reason: "invalid_request", says: "it says 400" },
    ({ wire }) => failing(wire, 400)
  ),
  toldAtOnce(
    "authentication",
    "401: no other target",
    { status: 502, code: "authentication", reason: "authentication", says: "it says 401" },
    ({ wire }) => failing(wire, 401)
  )
]

export const ofTarget: ReadonlyArray<Row> = [
  {
    id: "not-configured",
    fault: "a target without its key is skipped",
    targets: ["keyless", "second"],
    play: once(
      () => {},
      () => ({ status: 200, attempts: ["second: ok"] })
    )
  },
  {
    id: "none-configured",
    fault: "no target has its key: 503 that names the variable",
    targets: ["keyless"],
    play: async ({ ask, calls }) => {
      const heard = await ask()
      assert.strictEqual(heard.status, 503, heard.body)
      assert.strictEqual(heard.error?.code, "not_configured")
      assert.include(heard.error?.message, "UNSET_KEY")
      assert.strictEqual(calls.first.received.length, 0)
    }
  }
]

/** Asks, leaves once the provider has been asked, and says how the row ended. */
const leaves =
  (answer: (scene: Scene) => Upstream.Answer): Row["play"] =>
  async (scene) => {
    scene.calls.first.always(answer(scene))
    const leaving = new AbortController()
    const asked = scene.ask(leaving.signal).then(
      () => {},
      () => {}
    )
    const { over } = await scene.calls.first.call(1)
    leaving.abort()
    await asked
    await over
    assert.strictEqual((await scene.lastRow()).status, "partial")
    // Nobody is there for whom another target would be asked.
    assert.deepStrictEqual([scene.calls.first.received.length, scene.calls.second.received.length], [1, 0])
  }

export const ofLeaving: ReadonlyArray<Row> = [
  { id: "leaves-waiting", fault: "the caller leaves before the answer", play: leaves(() => ({ silent: true })) },
  {
    id: "leaves-midstream",
    fault: "the caller leaves while the stream is on its way",
    modes: ["stream"],
    play: leaves(({ wire }) => begins(wire, 2, Upstream.hang))
  }
]
