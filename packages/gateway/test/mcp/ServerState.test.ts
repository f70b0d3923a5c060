import { assert, describe, it } from "@effect/vitest"
import {
  backoff,
  type Command,
  defaultPolicy,
  initial,
  next,
  type Policy,
  type ServerEvent,
  type ServerState
} from "@penstock/gateway/mcp/ServerState"
import * as FastCheck from "effect/FastCheck"

const lazy: Policy = { ...defaultPolicy, limit: 3 }
const eager: Policy = { ...lazy, eager: true }

const idle = (failures: number, reason: string | null = "x"): ServerState => ({ _tag: "Idle", failures, reason })
const starting = (failures: number): ServerState => ({ _tag: "Starting", failures })
const ready = (failures: number, since = 0): ServerState => ({ _tag: "Ready", failures, since })
const waiting = (failures: number, wanted = false): ServerState => ({ _tag: "Waiting", failures, reason: "x", wanted })
const broken = (failures: number): ServerState => ({ _tag: "Broken", failures, reason: "x" })
const stopped: ServerState = { _tag: "Stopped" }

const failed: ServerEvent = { _tag: "Failed", reason: "x" }
const lostAt = (at: number): ServerEvent => ({ _tag: "Lost", reason: "x", at })
const wanted: ServerEvent = { _tag: "Wanted" }
const due: ServerEvent = { _tag: "Due" }
const stop: ServerEvent = { _tag: "Stop" }
const connected: ServerEvent = { _tag: "Connected", at: 7 }

const connect: Command = { _tag: "Connect" }
const disconnect: Command = { _tag: "Disconnect" }
const serve: Command = { _tag: "Serve" }
const refuse: Command = { _tag: "Refuse", reason: "x" }
const wait = (millis: number): Command => ({ _tag: "Wait", millis })

type Row = readonly [string, Policy, ServerState, ServerEvent, ServerState, ReadonlyArray<Command>]

const table: ReadonlyArray<Row> = [
  ["is started by the first that wants it", lazy, initial, wanted, starting(0), [connect]],
  ["is served once it is there", lazy, starting(1), connected, ready(1, 7), [serve]],
  ["serves whoever comes later", lazy, ready(0), wanted, ready(0), [serve]],
  ["lets others wait for the same start", lazy, starting(0), wanted, starting(0), []],
  ["that fails to start is waited for", lazy, starting(0), failed, waiting(1), [refuse, wait(500)]],
  ["is waited for longer each time", lazy, starting(1), failed, waiting(2), [refuse, wait(1000)]],
  ["is given up after the limit", lazy, starting(2), failed, broken(3), [refuse, wait(60_000)]],
  ["refuses at once while it is given up", lazy, broken(3), wanted, broken(3), [refuse]],
  ["is tried once more after the cooldown", eager, broken(3), due, starting(3), [connect]],
  ["is tried when wanted after the cooldown, if lazy", lazy, broken(3), due, idle(3), []],
  ["is given up again by one failure after the cooldown", lazy, starting(3), failed, broken(4), [refuse, wait(60_000)]],
  ["remembers in a wait that it is wanted", lazy, waiting(1), wanted, waiting(1, true), []],
  ["starts after the wait for who wants it", lazy, waiting(1, true), due, starting(1), [connect]],
  ["rests after the wait if nobody wants it", lazy, waiting(1), due, idle(1), []],
  ["starts after the wait in any case, if eager", eager, waiting(1), due, starting(1), [connect]],
  ["that ends by itself rests, if lazy", lazy, ready(0), lostAt(1), idle(1), [disconnect]],
  [
    "that was well is started again at once, if eager",
    eager,
    ready(2, 0),
    lostAt(30_000),
    starting(1),
    [disconnect, connect]
  ],
  ["that ends again and again is waited for", eager, ready(1, 0), lostAt(10), waiting(2), [disconnect, wait(1000)]],
  ["that ends too often is given up", lazy, ready(2, 0), lostAt(10), broken(3), [disconnect, wait(60_000)]],
  ["ignores a loss that comes late", lazy, starting(0), lostAt(1), starting(0), []],
  ["ignores a timer that comes late", lazy, ready(0), due, ready(0), []],
  ["ends for good", lazy, ready(0), stop, stopped, [{ _tag: "Refuse", reason: "it was stopped" }, disconnect]],
  ["is not started after its end", lazy, stopped, wanted, stopped, [{ _tag: "Refuse", reason: "it was stopped" }]]
]

describe("a server's state", () => {
  it.each(table)("%s", (_name, policy, state, event, expected, commands) => {
    const transition = next(policy, state, event)
    assert.deepStrictEqual(transition.state, expected)
    assert.deepStrictEqual(transition.commands, commands)
  })

  const anyEvent = FastCheck.constantFrom<ServerEvent>(wanted, connected, failed, lostAt(5), lostAt(40_000), due)

  it("whoever wants it while it is not ready is served, refused, or there is something under way", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.array(anyEvent), FastCheck.boolean(), (events, isEager) => {
        const policy = { ...lazy, eager: isEager }
        const state = events.reduce((current, event) => next(policy, current, event).state, initial)
        const { commands, state: after } = next(policy, state, wanted)
        const isAnswered = commands.some(({ _tag }) => _tag === "Serve" || _tag === "Refuse" || _tag === "Connect")
        assert.isTrue(isAnswered || after._tag === "Starting" || (after._tag === "Waiting" && after.wanted))
      })
    ))

  it("there is never more than one connection: each but the first follows an end", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.array(anyEvent), FastCheck.boolean(), (events, isEager) => {
        let state = initial
        let isOpen = false
        for (const event of events) {
          // A start ends in one of two ways, and only a start.
          const isOutcome = event._tag === "Connected" || event._tag === "Failed"
          if (isOutcome && state._tag !== "Starting") continue
          if (event._tag === "Failed") isOpen = false
          const transition = next({ ...lazy, eager: isEager }, state, event)
          state = transition.state
          for (const command of transition.commands) {
            if (command._tag === "Connect") {
              assert.isFalse(isOpen)
              isOpen = true
            }
            if (command._tag === "Disconnect") isOpen = false
          }
        }
      })
    ))

  it("waits longer each time, up to a bound", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 6, 7, 40].map((failures) => backoff(lazy, failures)),
      [500, 1000, 2000, 16_000, 30_000, 30_000]
    )
  })
})
