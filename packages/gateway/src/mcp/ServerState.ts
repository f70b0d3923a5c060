/**
 * How an MCP server is kept running: what is known of it, what may happen, and what is done then. Pure; `Supervisor.ts`
 * carries the commands out.
 *
 * A server that was well is started again at once; one that fails again and again is waited for, longer each time, and
 * is given up for a while after `limit` failures in a row (the breaker). One trial after that decides anew.
 */

export type ServerState =
  /** Not needed by anybody so far. `reason`: how it ended before. */
  | { readonly _tag: "Idle"; readonly failures: number; readonly reason: string | null }
  | { readonly _tag: "Starting"; readonly failures: number }
  | { readonly _tag: "Ready"; readonly failures: number; readonly since: number }
  /** Until the next start. `wanted`: somebody waits for it. */
  | { readonly _tag: "Waiting"; readonly failures: number; readonly reason: string; readonly wanted: boolean }
  | { readonly _tag: "Broken"; readonly failures: number; readonly reason: string }
  | { readonly _tag: "Stopped" }

export type ServerEvent =
  | { readonly _tag: "Wanted" }
  | { readonly _tag: "Connected"; readonly at: number }
  | { readonly _tag: "Failed"; readonly reason: string }
  | { readonly _tag: "Lost"; readonly reason: string; readonly at: number }
  /** What was waited for is over. */
  | { readonly _tag: "Due" }
  | { readonly _tag: "Stop" }

export type Command =
  | { readonly _tag: "Connect" }
  | { readonly _tag: "Disconnect" }
  | { readonly _tag: "Wait"; readonly millis: number }
  /** Those who wait get the connection. */
  | { readonly _tag: "Serve" }
  /** Those who wait are told that it is in vain. */
  | { readonly _tag: "Refuse"; readonly reason: string }

/** Times in milliseconds. */
export interface Policy {
  readonly eager: boolean
  readonly delay: number
  readonly factor: number
  readonly maxDelay: number
  /** Failures in a row that open the breaker. */
  readonly limit: number
  readonly cooldown: number
  /** Whoever ran for so long was well: its failures are forgotten. */
  readonly stable: number
}

export const defaultPolicy: Policy = {
  eager: false,
  delay: 500,
  factor: 2,
  maxDelay: 30_000,
  limit: 5,
  cooldown: 60_000,
  stable: 30_000
}

export interface Transition {
  readonly state: ServerState
  readonly commands: ReadonlyArray<Command>
}

export const initial: ServerState = { _tag: "Idle", failures: 0, reason: null }

const to = (state: ServerState, ...commands: ReadonlyArray<Command>): Transition => ({ state, commands })

const connect = (failures: number): Transition => to({ _tag: "Starting", failures }, { _tag: "Connect" })

/** The wait before the next start, after so many failures in a row. */
export const backoff = (policy: Policy, failures: number): number =>
  Math.min(policy.maxDelay, policy.delay * policy.factor ** Math.max(0, failures - 1))

const failed = (policy: Policy, failures: number, reason: string): Transition => {
  const refuse: Command = { _tag: "Refuse", reason }
  return failures >= policy.limit
    ? to({ _tag: "Broken", failures, reason }, refuse, { _tag: "Wait", millis: policy.cooldown })
    : to({ _tag: "Waiting", failures, reason, wanted: false }, refuse, {
        _tag: "Wait",
        millis: backoff(policy, failures)
      })
}

const lost = (policy: Policy, state: ServerState & { readonly _tag: "Ready" }, reason: string, at: number) => {
  const before = at - state.since >= policy.stable ? 0 : state.failures
  const failures = before + 1
  const disconnect: Command = { _tag: "Disconnect" }
  if (failures >= policy.limit) {
    return to({ _tag: "Broken", failures, reason }, disconnect, { _tag: "Wait", millis: policy.cooldown })
  }
  if (!policy.eager) return to({ _tag: "Idle", failures, reason }, disconnect)
  return before === 0
    ? to({ _tag: "Starting", failures }, disconnect, { _tag: "Connect" })
    : to({ _tag: "Waiting", failures, reason, wanted: false }, disconnect, {
        _tag: "Wait",
        millis: backoff(policy, failures)
      })
}

const stop = (state: ServerState): Transition =>
  state._tag === "Stopped"
    ? to(state)
    : to({ _tag: "Stopped" }, { _tag: "Refuse", reason: "it was stopped" }, { _tag: "Disconnect" })

/** Events that a state does not expect (a late timer, a second loss) change nothing. */
export const next = (policy: Policy, state: ServerState, event: ServerEvent): Transition => {
  if (event._tag === "Stop") return stop(state)
  switch (state._tag) {
    case "Idle":
      return event._tag === "Wanted" ? connect(state.failures) : to(state)
    case "Starting":
      if (event._tag === "Connected") {
        return to({ _tag: "Ready", failures: state.failures, since: event.at }, { _tag: "Serve" })
      }
      return event._tag === "Failed" ? failed(policy, state.failures + 1, event.reason) : to(state)
    case "Ready":
      if (event._tag === "Wanted") return to(state, { _tag: "Serve" })
      return event._tag === "Lost" ? lost(policy, state, event.reason, event.at) : to(state)
    case "Waiting":
      if (event._tag === "Wanted") return to({ ...state, wanted: true })
      if (event._tag !== "Due") return to(state)
      return policy.eager || state.wanted
        ? connect(state.failures)
        : to({ _tag: "Idle", failures: state.failures, reason: state.reason })
    case "Broken":
      if (event._tag === "Wanted") return to(state, { _tag: "Refuse", reason: state.reason })
      if (event._tag !== "Due") return to(state)
      return policy.eager
        ? connect(state.failures)
        : to({ _tag: "Idle", failures: state.failures, reason: state.reason })
    case "Stopped":
      return event._tag === "Wanted" ? to(state, { _tag: "Refuse", reason: "it was stopped" }) : to(state)
  }
}
