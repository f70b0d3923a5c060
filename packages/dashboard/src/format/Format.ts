/** Figures as people read them: with units, at a glance, and never more exact than they are. */

const grouped = new Intl.NumberFormat("en-US")
const cents = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" })

export const unknown = "unknown"

/** USD: `$12.30`, `$0.0042`, `$0`. An amount that nobody knows says so. */
export const usd = (amount: number | null | undefined): string => {
  if (amount === null || amount === undefined) return unknown
  if (amount === 0) return "$0"
  const size = Math.abs(amount)
  if (size >= 0.1) return cents.format(amount)
  if (size < 1e-9) return "< $0.000000001"
  // Two digits that mean something, wherever they are.
  const decimals = Math.min(9, 1 - Math.floor(Math.log10(size)))
  return `${amount < 0 ? "-" : ""}$${size.toFixed(decimals).replace(/0+$/, "")}`
}

/** Counts up to 9,999 in full; then `12.3k`, `4.5M`. */
export const count = (number: number | null | undefined): string => {
  if (number === null || number === undefined) return unknown
  if (Math.abs(number) < 10_000) return grouped.format(number)
  for (const [unit, size] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3]
  ] as const) {
    if (Math.abs(number) >= size) return `${(number / size).toFixed(1).replace(/\.0$/, "")}${unit}`
  }
  return grouped.format(number)
}

/** `one request`, `3 requests`. */
export const counted = (number: number, noun: string): string => `${count(number)} ${number === 1 ? noun : `${noun}s`}`

/** Milliseconds: `840 ms`, `2.4 s`, `3 min 5 s`, `2 h 4 min`. */
export const duration = (millis: number | null | undefined): string => {
  if (millis === null || millis === undefined) return "–"
  if (millis < 1000) return `${Math.round(millis)} ms`
  const seconds = millis / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A share of a whole: `0 %`, `0.4 %`, `12 %`. */
export const share = (part: number, whole: number): string => {
  if (whole === 0) return "–"
  const percent = (100 * part) / whole
  return `${percent === 0 || percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`
}

const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const hourTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" })
const dayTime = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" })

/** An ISO time as the reader's clock shows it, with the day when it is not today's. */
export const time = (iso: string | null | undefined, now: Date = new Date()): string => {
  if (iso === null || iso === undefined) return "–"
  const at = new Date(iso)
  return at.toDateString() === now.toDateString()
    ? clockTime.format(at)
    : `${dayTime.format(at)}, ${hourTime.format(at)}`
}

export const hourMinute = (iso: string): string => hourTime.format(new Date(iso))

/** `YYYY-MM-DD` as `3 Feb`. It is a day of UTC and must not move. */
export const day = (text: string): string => dayTime.format(new Date(`${text}T12:00:00`))

/** What is shown of a text that may be of any length. */
export const bounded = (text: string, most = 20_000): string =>
  text.length <= most ? text : `${text.slice(0, most)}\n… ${grouped.format(text.length - most)} more characters`

/** Any value as JSON to look at, bounded. */
export const json = (value: unknown, most?: number): string => bounded(JSON.stringify(value, null, 2) ?? "", most)
