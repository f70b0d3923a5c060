import { assert, it } from "@effect/vitest"
import * as EventTriggers from "@penstock/server/workflows/EventTriggers"
import { Feed } from "@penstock/workflow/runtime/Feed"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { start } from "../control/harness.ts"

const sender = `
name: sender
on: [{ event: order.placed }]
steps: [{ id: tell, type: emit, event: order.placed, data: { total: 42 } }]
output: "\${1}"
`

const receiver = `
name: receiver
on: [{ event: order.placed }]
inputs: { total: integer }
steps: [{ id: s, type: set, values: { twice: "\${input.total * 2}" }, output: r }]
output: "\${r.twice}"
`

const again = (name: string, from: string, to: string) => `
name: ${name}
on: [{ event: ${from} }]
steps: [{ id: tell, type: emit, event: ${to} }]
output: "\${1}"
`

const folder = (files: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const made = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-event-"))
      for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(made, `${name}.yaml`), text)
      return made
    }),
    (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
  )

it.scoped(
  "an event starts what waits for it, with its data as the input, once, and never the workflow that sent it",
  () =>
    Effect.gen(function* () {
      const { context } = yield* start({ workflows: yield* folder({ receiver, sender }) })
      yield* Effect.gen(function* () {
        const runs = yield* Runs
        const feed = yield* Feed
        yield* EventTriggers.run
        const { id } = yield* runs.start(sender, {})
        yield* runs.await(id)
        const about = { workflow: "sender", path: "steps/tell", event: "order.placed", caller: null }
        yield* feed.emit({ ...about, runId: id, data: { total: 42 } })
        yield* TestClock.adjust("1 second")
        const all = yield* runs.list({})
        assert.deepStrictEqual(all.map(({ workflow }) => workflow).sort(), ["receiver", "sender"])
        const received = yield* runs.await(all.find(({ workflow }) => workflow === "receiver")!.id)
        assert.strictEqual(received.output, 84)
      }).pipe(Effect.provide(context))
    })
)

it.scoped("workflows that start each other in a circle come to an end", () =>
  Effect.gen(function* () {
    const ping = again("ping", "pong-sent", "ping-sent")
    const { context } = yield* start({
      workflows: yield* folder({ ping, pong: again("pong", "ping-sent", "pong-sent") })
    })
    yield* Effect.gen(function* () {
      const runs = yield* Runs
      yield* EventTriggers.run
      yield* runs.start(ping, {})
      for (let round = 0; round < 40; round++) yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* runs.list({})).length, 17)
    }).pipe(Effect.provide(context))
  })
)
