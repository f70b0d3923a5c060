/**
 * One thing that goes wrong, played on the real server: what the first target does, and what the caller, the ledger and
 * the upstreams see of it. A row is a case for every protocol and mode that it is meant for.
 */
import type * as Upstream from "../Upstream.ts"
import type { Heard } from "./Dialects.ts"
import type { ProviderWire, WireName } from "./Wires.ts"

export const modes = ["stream", "whole"] as const
export type Mode = (typeof modes)[number]

/** A target of a row's model: `first` and `second` are scripted, nobody listens at `refused`, `keyless` has no key. */
export type Place = "first" | "second" | "refused" | "keyless"
export type TargetOf = Place | { readonly place: Place; readonly capabilities: { readonly [key: string]: unknown } }

export interface Expected {
  readonly status: number
  /** The whole text that the caller gets; default: that of an ordinary answer, or none with an error status. */
  readonly text?: string
  /** The code of the error, by status or within the stream; without it the answer ends well. */
  readonly error?: string
  /** Every call to a target, in order, as `place: reason` or `place: ok`. */
  readonly attempts: ReadonlyArray<string>
  /** Attempts when the answer began, which is what a stream's head can tell; default: all. */
  readonly attemptsInHead?: number
}

/** One side of a case's upstreams: the calls to one target. */
export interface Calls {
  readonly received: ReadonlyArray<Upstream.Received>
  /** Scripts the next calls, one each. */
  readonly next: (...scripts: ReadonlyArray<Upstream.Script>) => void
  /** Scripts every call without a script of its own. */
  readonly always: (script: Upstream.Script | undefined) => void
  /** The call with this number, from 1; waits for it if need be. */
  readonly call: (number: number) => Promise<Upstream.Received>
}

export interface Scene {
  readonly wire: ProviderWire
  readonly second: ProviderWire
  readonly stream: boolean
  readonly calls: { readonly first: Calls; readonly second: Calls }
  readonly ask: (signal?: AbortSignal) => Promise<Heard>
  /** Checks all that can be seen of an answer: the caller's side, the ledger's, the upstreams'. */
  readonly verify: (heard: Heard, expected: Expected) => Promise<void>
  /** The settled row of the model's newest request, for a caller who has left and cannot name it. */
  readonly lastRow: () => Promise<{ readonly status: string; readonly completion_tokens: number | null }>
}

export interface Row {
  /** Its name in the scorecard and in the tests. */
  readonly id: string
  readonly fault: string
  /** Merged into the policy of all rows (`Stage.policy`), section by section. */
  readonly policy?: { readonly [section: string]: unknown }
  readonly targets?: ReadonlyArray<TargetOf>
  readonly modes?: ReadonlyArray<Mode>
  readonly wires?: ReadonlyArray<WireName>
  readonly play: (scene: Scene) => Promise<void>
}

/** A row with one request: scripts, then everything that is expected of the answer. */
export const once =
  (
    script: (scene: Scene) => void,
    expected: (scene: Scene) => Expected,
    more: (heard: Heard, scene: Scene) => Promise<void> | void = () => {}
  ): Row["play"] =>
  async (scene) => {
    script(scene)
    const heard = await scene.ask()
    await scene.verify(heard, expected(scene))
    await more(heard, scene)
  }

export const casesOf = (row: Row): ReadonlyArray<{ readonly wire: WireName; readonly mode: Mode }> =>
  (row.wires ?? (["openai", "anthropic", "ollama"] as const)).flatMap((wire) =>
    (row.modes ?? modes).map((mode) => ({ wire, mode }))
  )
