/** What goes wrong before an answer begins. */
import { assert } from "@effect/vitest"
import * as Upstream from "../Upstream.ts"
import type { Heard } from "./Dialects.ts"
import { once, type Row, type Scene } from "./Row.ts"
import { begins, beginsWhole, failing } from "./Wires.ts"

/** The calls to the first target were at least so far apart, in milliseconds: what a wait is at the least. */
const apart =
  (...gaps: ReadonlyArray<number>) =>
  (_: Heard, { calls }: Scene): void => {
    const times = calls.first.received.map(({ at }) => at)
    for (const [index, gap] of gaps.entries()) {
      // A timer of Node's may be early by less than a millisecond.
      assert.isAtLeast(times[index + 1]! - times[index]!, gap - 2, `the wait before call ${index + 2}`)
    }
  }

/** Always so, until the first target's retries are used up; then the second answers. */
const retriedThenSecond = (
  id: string,
  fault: string,
  reason: string,
  answer: (scene: Scene) => Upstream.Answer
): Row => ({
  id,
  fault,
  play: once(
    (scene) => scene.calls.first.always(answer(scene)),
    () => ({ status: 200, attempts: [`first: ${reason}`, `first: ${reason}`, "second: ok"] }),
    apart(20)
  )
})

/** The second answers at once: a target that is silent is not asked again. */
const notRetried = (id: string, fault: string, more: Pick<Row, "modes" | "wires">, answer: Row["play"]): Row => ({
  id,
  fault,
  policy: { timeout: { first_token: "300ms", idle: "300ms" } },
  ...more,
  play: answer
})

const silentThenSecond = (answer: (scene: Scene) => Upstream.Answer): Row["play"] =>
  once(
    (scene) => scene.calls.first.always(answer(scene)),
    () => ({ status: 200, attempts: ["first: timeout", "second: ok"] })
  )

export const rateLimits: ReadonlyArray<Row> = [
  {
    id: "retry-after",
    fault: "429 with Retry-After: waited for, then asked again",
    play: once(
      ({ calls, wire }) => calls.first.next(failing(wire, 429, { "retry-after": "1" })),
      () => ({ status: 200, attempts: ["first: rate_limit", "first: ok"] }),
      apart(1000)
    )
  },
  {
    id: "retry-after-too-long",
    fault: "429 with a Retry-After behind the deadline: the next target, at once",
    policy: { timeout: { first_token: "3s", idle: "3s", connect: "3s", total: "3s" } },
    play: once(
      ({ calls, wire }) => calls.first.always(failing(wire, 429, { "retry-after": "60" })),
      () => ({ status: 200, attempts: ["first: rate_limit", "second: ok"] })
    )
  },
  {
    id: "rate-limit-storm",
    fault: "429 again and again: backs off, no tight loop",
    policy: { retry: { max: 2, delay: "50ms" } },
    play: once(
      ({ calls, wire }) => calls.first.always(failing(wire, 429)),
      () => ({
        status: 200,
        attempts: ["first: rate_limit", "first: rate_limit", "first: rate_limit", "second: ok"]
      }),
      apart(50, 100)
    )
  },
  {
    id: "rate-limit-everywhere",
    fault: "429 from every target: the caller gets it, with its Retry-After",
    policy: { timeout: { first_token: "3s", idle: "3s", connect: "3s", total: "3s" } },
    play: once(
      ({ calls, second, wire }) => {
        calls.first.always(failing(wire, 429, { "retry-after": "60" }))
        calls.second.always(failing(second, 429, { "retry-after": "60" }))
      },
      () => ({
        status: 429,
        error: "rate_limit_exceeded",
        attempts: ["first: rate_limit", "second: rate_limit"]
      }),
      ({ headers }) => assert.isAtLeast(Number(headers["retry-after"]), 59)
    )
  }
]

export const failures: ReadonlyArray<Row> = [
  retriedThenSecond("server-error", "500", "server", ({ wire }) => failing(wire, 500)),
  retriedThenSecond("bad-gateway-html", "502 with a page of HTML", "server", () => ({
    status: 502,
    headers: { "content-type": "text/html" },
    body: "<html><h1>Bad gateway</h1></html>"
  })),
  retriedThenSecond("overloaded", "503", "server", ({ wire }) => failing(wire, 503)),
  retriedThenSecond("no-answer", "200 with something else than an answer", "invalid_response", () => ({
    body: { hello: "world" }
  })),
  {
    id: "refused",
    fault: "connection refused",
    targets: ["refused", "second"],
    play: once(
      () => {},
      () => ({ status: 200, attempts: ["refused: unreachable", "refused: unreachable", "second: ok"] })
    )
  },
  retriedThenSecond("reset-before-head", "reset before the head", "network", () => ({ headless: true })),
  retriedThenSecond("reset-after-head", "reset behind the head, before any content", "network", ({ stream, wire }) =>
    stream ? { headers: wire.headers, body: [Upstream.reset] } : beginsWhole(wire, Upstream.reset)
  ),
  {
    id: "both-fail",
    fault: "500 from every target: the caller gets the failure",
    play: once(
      ({ calls, second, wire }) => {
        calls.first.always(failing(wire, 500))
        calls.second.always(failing(second, 500))
      },
      () => ({
        status: 502,
        error: "server",
        attempts: ["first: server", "first: server", "second: server", "second: server"]
      }),
      ({ error }) => assert.deepInclude(error!.upstream, { status: 500 })
    )
  }
]

export const silence: ReadonlyArray<Row> = [
  notRetried(
    "hang-before-head",
    "nothing at all",
    {},
    silentThenSecond(() => ({ silent: true }))
  ),
  notRetried(
    "hang-before-token",
    "a head, and no token",
    { modes: ["stream"] },
    silentThenSecond(({ wire }) => begins(wire, 0, Upstream.hang))
  ),
  notRetried(
    "hang-in-body",
    "a whole answer that stops in its middle",
    { modes: ["whole"] },
    silentThenSecond(({ wire }) => beginsWhole(wire, Upstream.hang))
  ),
  notRetried(
    "keep-alives-only",
    "keep-alives, and no token",
    { modes: ["stream"], wires: ["openai", "anthropic"] },
    once(
      ({ calls, wire }) => {
        // Longer than the test waits, and not without an end.
        const waits = Array.from({ length: 200 }, () => [wire.keepAlive!, 50] as const).flat()
        calls.first.always(begins(wire, 0, ...waits))
      },
      () => ({ status: 200, attempts: ["first: timeout", "second: ok"] })
    )
  ),
  {
    id: "slow-last-target",
    fault: "the last target is slow: it has the whole remaining deadline",
    targets: ["first"],
    policy: { timeout: { first_token: "200ms", idle: "200ms", total: "20s" } },
    play: once(
      ({ calls }) =>
        calls.first.always(async (request) => {
          await new Promise((resolve) => setTimeout(resolve, 600))
          return Upstream.ordinary(request)
        }),
      () => ({ status: 200, attempts: ["first: ok"] })
    )
  },
  {
    id: "deadline",
    fault: "nobody answers within the deadline: 504",
    targets: ["first"],
    policy: { timeout: { connect: "700ms", first_token: "700ms", idle: "700ms", total: "700ms" } },
    play: once(
      ({ calls }) => calls.first.always({ silent: true }),
      () => ({ status: 504, error: "timeout", attempts: ["first: timeout"] })
    )
  }
]
