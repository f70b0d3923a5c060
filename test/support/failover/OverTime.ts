/** A target that keeps failing: what its breaker does. */
import { assert } from "@effect/vitest"
import * as Upstream from "../Upstream.ts"
import type { Row } from "./Row.ts"
import { failing } from "./Wires.ts"

export const breakers: ReadonlyArray<Row> = [
  {
    id: "breaker",
    fault: "a target keeps failing: left alone, tried by one probe at a time, and back once it answers",
    policy: { retry: { max: 0 }, breaker: { failures: 3, cooldown: "1s", window: "10s" } },
    play: async ({ ask, calls, verify, wire }) => {
      calls.first.always(failing(wire, 500))
      for (let failed = 0; failed < 3; failed++) assert.strictEqual((await ask()).status, 200)
      assert.strictEqual(calls.first.received.length, 3)
      await verify(await ask(), { status: 200, attempts: ["second: ok"] })
      assert.strictEqual(calls.first.received.length, 3)

      const gate = Upstream.gate()
      calls.first.always(async (request) => {
        await gate.opened
        return Upstream.ordinary(request)
      })
      let probing = calls.first.call(4).then(() => true)
      let probe = ask()
      while (!(await Promise.race([probing, probe.then(() => false)]))) {
        probing = calls.first.call(4).then(() => true)
        probe = ask()
      }
      // While the probe is on its way everybody else goes to the second.
      for (const other of await Promise.all([ask(), ask(), ask()])) {
        assert.strictEqual(other.status, 200)
        assert.strictEqual(other.headers["x-penstock-fallback"], "true")
      }
      assert.strictEqual(calls.first.received.length, 4)
      gate.open()
      assert.strictEqual((await probe).text, "Hello from upstream.")
      await verify(await ask(), { status: 200, attempts: ["first: ok"] })
    }
  }
]
