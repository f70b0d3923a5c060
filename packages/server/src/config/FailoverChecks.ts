/**
 * Policies that contradict themselves. What is in force for a model is its own, else that of `defaults`, else what is
 * built in, so two keys that contradict each other may stand apart.
 */
import { builtIn, type FailoverConfig } from "@penstock/schema/config/Failover"
import type { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import { DurationMillis } from "@penstock/schema/config/Units"
import * as Schema from "effect/Schema"
import { renderPath } from "./ConfigIssue.ts"
import type { Path } from "./ConfigSource.ts"
import type { Report } from "./Report.ts"

const duration = Schema.encodeSync(DurationMillis)

interface Level {
  readonly policy: FailoverConfig
  /** Null for what is built in. */
  readonly path: Path | null
}

/** A duration of a policy, in milliseconds. */
interface Span {
  readonly key: readonly [section: string, name: string]
  readonly of: (policy: FailoverConfig) => number | undefined
}

const delay: Span = { key: ["retry", "delay"], of: ({ retry }) => retry?.delay }
const maxDelay: Span = { key: ["retry", "max_delay"], of: ({ retry }) => retry?.max_delay }
const connect: Span = { key: ["timeout", "connect"], of: ({ timeout }) => timeout?.connect }
const firstToken: Span = { key: ["timeout", "first_token"], of: ({ timeout }) => timeout?.first_token }
const idle: Span = { key: ["timeout", "idle"], of: ({ timeout }) => timeout?.idle }
const total: Span = { key: ["timeout", "total"], of: ({ timeout }) => timeout?.total }
const hedgeAfter: Span = { key: ["hedge", "after"], of: ({ hedge }) => hedge?.after }

interface Order {
  readonly shorter: Span
  readonly longer: Span
  /** Whether both may be the same. */
  readonly equal: boolean
}

const orders: ReadonlyArray<Order> = [
  { shorter: delay, longer: maxDelay, equal: true },
  { shorter: connect, longer: total, equal: true },
  { shorter: firstToken, longer: total, equal: true },
  { shorter: idle, longer: total, equal: true },
  { shorter: hedgeAfter, longer: firstToken, equal: false }
]

interface Found {
  readonly millis: number
  readonly path: Path | null
  /** Whether the innermost level says it itself. */
  readonly own: boolean
}

const find = ({ key, of }: Span, levels: ReadonlyArray<Level>): Found | null => {
  for (const [index, { path, policy }] of levels.entries()) {
    const millis = of(policy)
    if (millis !== undefined) return { millis, path: path === null ? null : [...path, ...key], own: index === 0 }
  }
  return null
}

const described = (found: Found, { key }: Span, report: Report): string =>
  found.path === null
    ? `${renderPath(key)}, ${duration(found.millis)} unless it is written`
    : `${renderPath(found.path)}, ${duration(found.millis)} (${report.place(found.path)})`

/** Each contradiction is told once, at the level that brings it about. */
const checkOrder = ({ equal, longer, shorter }: Order, levels: ReadonlyArray<Level>, report: Report) => {
  const low = find(shorter, levels)
  const high = find(longer, levels)
  if (low === null || high === null || low.path === null) return
  if (equal ? low.millis <= high.millis : low.millis < high.millis) return
  const relation = low.millis === high.millis ? "as long as" : "longer than"
  if (low.own) {
    const message = `${duration(low.millis)} is ${relation} ${described(high, longer, report)}`
    report.error(low.path, message, `shorten it, or write a longer ${renderPath(longer.key)}`)
  } else if (high.own && high.path !== null) {
    // Meant, most likely: a limit for one model below the general one, which just does not come to bear.
    const message = `${duration(high.millis)} cuts short ${described(low, shorter, report)}`
    report.warning(high.path, message, `write ${renderPath(shorter.key)} beside it`)
  }
}

const checkPolicy = (levels: ReadonlyArray<Level>, report: Report) => {
  for (const order of orders) checkOrder(order, levels, report)
  const [own] = levels
  if (own === undefined || own.path === null) return
  if (own.policy.breaker?.cooldown === 0) {
    const message = "a breaker that closes at once keeps nobody away from a target that fails"
    report.warning([...own.path, "breaker", "cooldown"], message, "write how long to leave it alone, such as 10s")
  }
  if (own.policy.hedge?.max_share === 0) {
    report.warning([...own.path, "hedge", "max_share"], "a share of 0: no request is hedged", "leave `hedge` out")
  }
}

export const check = (file: PenstockFile, report: Report) => {
  const outer: ReadonlyArray<Level> = [
    { policy: file.defaults, path: ["defaults"] },
    { policy: builtIn, path: null }
  ]
  checkPolicy(outer, report)
  for (const [name, model] of Object.entries(file.models)) {
    if (typeof model !== "string") checkPolicy([{ policy: model, path: ["models", name] }, ...outer], report)
  }
}
