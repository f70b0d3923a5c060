/** How long a provider asks to wait, from the headers that say so. */
import type { Headers } from "../protocols/Protocol.ts"

const header = (headers: Headers, name: string): string | undefined => {
  const value = headers[name]
  return (typeof value === "string" ? value : value?.[0])?.trim()
}

const number = /^\d+(\.\d+)?$/

/** A moment is told by the sender's clock: `date` is what that clock said, so that ours need not agree with it. */
const until = (moment: string | undefined, sent: string | undefined): number | undefined => {
  const wait = Date.parse(moment ?? "") - Date.parse(sent ?? "")
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

/** In milliseconds, from `retry-after-ms`, or from `retry-after` in seconds or as a date; undefined when none says. */
export const millis = (headers: Headers): number | undefined => {
  const exact = header(headers, "retry-after-ms")
  const plain = header(headers, "retry-after")
  const wait =
    exact !== undefined && number.test(exact)
      ? Number(exact)
      : plain !== undefined && number.test(plain)
        ? Number(plain) * 1000
        : until(plain, header(headers, "date"))
  return wait === undefined || wait > Number.MAX_SAFE_INTEGER ? undefined : Math.ceil(wait)
}
