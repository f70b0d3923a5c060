/** A run as it is shown while it goes: pure, from its events to lines of text. Times are milliseconds. */
import type { RunState } from "@penstock/schema/api/RunsApi"
import type { SessionEvent } from "./Session.ts"

type Status = "running" | "waiting" | "succeeded" | "failed" | "skipped"

interface Row {
  readonly path: string
  readonly name: string
  readonly type: string
  readonly depth: number
  readonly status: Status
  readonly beganAt: number
  readonly endedAt: number | null
  /** The end of what the model wrote. */
  readonly tail: string
  readonly note: string
}

export interface Progress {
  /** In the order in which they began. */
  readonly rows: ReadonlyMap<string, Row>
  /** USD, so far; null when one of the steps has an unknown cost. */
  readonly cost: number | null
  readonly tokens: number
}

export const empty: Progress = { rows: new Map(), cost: 0, tokens: 0 }

const tailLength = 200

/** `each[2]/judge` of `steps/each/steps[2]/judge`: lists and ids take turns in a path. */
export const nameOf = (path: string): string => {
  const parts = path.split("/")
  const ids = parts.filter((_, at) => at % 2 === 1)
  return ids.map((id, at) => `${id}${/\[\d+\]$/.exec(parts[at * 2 + 2] ?? "")?.[0] ?? ""}`).join("/")
}

const depthOf = (path: string): number => nameOf(path).split("/").length - 1

const text = (value: unknown): string => (typeof value === "string" ? value : "")

const changed = (progress: Progress, path: string, change: Partial<Row>): Progress => {
  const row = progress.rows.get(path)
  return row === undefined ? progress : { ...progress, rows: new Map(progress.rows).set(path, { ...row, ...change }) }
}

const noteOf = (data: SessionEvent["data"]): string => {
  const { attempts, cache, error } = data
  const notes = [
    ...(typeof error === "object" && error !== null && "message" in error ? [text(error.message)] : []),
    ...(typeof attempts === "number" && attempts > 1 ? [`${attempts} attempts`] : []),
    ...(cache === "hit" ? ["from the cache"] : [])
  ]
  return notes.join(", ")
}

export const apply = (progress: Progress, { data, path, type }: SessionEvent, now: number): Progress => {
  if (path === null) return progress
  switch (type) {
    case "step.started": {
      const row: Row = {
        path,
        name: nameOf(path),
        type: text(data["type"]),
        depth: depthOf(path),
        status: data["status"] === "waiting" ? "waiting" : "running",
        beganAt: now,
        endedAt: null,
        tail: "",
        note: ""
      }
      return { ...progress, rows: new Map(progress.rows).set(path, row) }
    }
    case "token": {
      const before = progress.rows.get(path)?.tail ?? ""
      return changed(progress, path, { tail: (before + text(data["text"])).slice(-tailLength) })
    }
    case "step.finished":
      return changed(progress, path, { status: "succeeded", endedAt: now, note: noteOf(data) })
    case "step.failed":
      return changed(progress, path, { status: "failed", endedAt: now, note: noteOf(data) })
    default:
      return progress
  }
}

/** What has been spent, by the records of the steps. */
export const spent = (progress: Progress, { steps }: RunState): Progress => ({
  ...progress,
  cost: steps.reduce(
    (sum: number | null, { cost_usd }) => (sum === null || cost_usd === null ? null : sum + cost_usd),
    0
  ),
  tokens: steps.reduce((sum, { tokens }) => sum + tokens, 0)
})

const seconds = (millis: number): string => `${(Math.max(0, millis) / 1000).toFixed(1)} s`

export const money = (usd: number | null): string =>
  usd === null ? "unknown cost" : `$${usd === 0 ? "0" : usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(2)}`

const spinner = "\u280b\u2819\u2839\u2838\u283c\u2834\u2826\u2827\u2807\u280f"

const cut = (line: string, width: number): string => {
  const flat = line.replaceAll(/\p{Cc}+/gu, " ").trimEnd()
  return flat.length <= width ? flat : `${flat.slice(0, Math.max(0, width - 1))}\u2026`
}

const marks: { readonly [S in Status]: string } = {
  running: " ",
  waiting: "?",
  succeeded: "\u2713",
  failed: "\u2717",
  skipped: "-"
}

/** A step that has ended, for good. */
export const endedLine = ({ beganAt, depth, endedAt, name, note, status }: Row, width: number): string => {
  const time = endedAt === null ? "" : `  ${seconds(endedAt - beganAt)}`
  return cut(`${"  ".repeat(depth)}${marks[status]} ${name}${time}${note === "" ? "" : `  ${note}`}`, width)
}

const mostLive = 8

/** What goes on now, to be drawn over what was drawn before. */
export const liveLines = (progress: Progress, now: number, frame: number, width: number): ReadonlyArray<string> => {
  const going = [...progress.rows.values()].filter(({ endedAt }) => endedAt === null)
  const shown = going.slice(-mostLive)
  const mark = spinner[frame % spinner.length] ?? ""
  return [
    ...shown.map(({ beganAt, depth, name, status, tail }) => {
      const head = `${"  ".repeat(depth)}${status === "waiting" ? marks.waiting : mark} ${name}  ${seconds(now - beganAt)}`
      return cut(tail === "" ? head : `${head}  ${tail.slice(-Math.max(0, width - head.length - 3))}`, width)
    }),
    ...(going.length > shown.length ? [`  and ${going.length - shown.length} more`] : []),
    cut(`${money(progress.cost)}, ${progress.tokens} tokens`, width)
  ]
}
