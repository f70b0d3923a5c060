import { assert, it } from "@effect/vitest"
import * as Retention from "@penstock/server/Retention"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { post, start } from "./control/harness.ts"

const done = `name: done\nsteps: [{id: s, type: set, values: {x: 1}, output: r}]\noutput: \${r.x}\n`
const held = `name: held\nsteps: [{id: s, type: wait, event: go, output: r}]\noutput: \${r}\n`

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-retention-"))
    fs.writeFileSync(path.join(made, "done.yaml"), done)
    fs.writeFileSync(path.join(made, "held.yaml"), held)
    return made
  }),
  (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
)

it.scoped("runs are deleted when they ended longer ago than runs.retention, and never while they last", () =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const { ask, context } = yield* start({
      config: { runs: { retention: "2m" } },
      workflows: yield* folder,
      runtime
    })
    const ended = yield* ask("/v1/workflow/done", post({}))
    assert.strictEqual(ended.status, 200, ended.text)
    const lasting = yield* ask("/v1/workflows/held/runs", post({}))
    const prune = Effect.scoped(Effect.zipRight(Retention.run, Effect.sleep("1 second"))).pipe(Effect.provide(context))
    const statuses = Effect.forEach([ended.json.run_id, lasting.json.run_id], (id: string) =>
      Effect.map(ask(`/v1/runs/${id}`), ({ status }) => status)
    )
    const pruneNow = Effect.gen(function* () {
      const fiber = yield* Effect.fork(prune)
      yield* TestClock.adjust("1 second")
      yield* fiber.await
    })
    yield* pruneNow
    assert.deepStrictEqual(yield* statuses, [200, 200])
    yield* TestClock.adjust("3 minutes")
    yield* pruneNow
    assert.deepStrictEqual(yield* statuses, [404, 200])
  })
)
