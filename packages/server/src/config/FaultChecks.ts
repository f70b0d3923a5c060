/** Faults on purpose: that one is in force is always said, and one that cannot happen is refused. */
import type { FaultConfig } from "@penstock/schema/config/Fault"
import type { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import type { Path } from "./ConfigSource.ts"
import type { Report } from "./Report.ts"

/** In the order in which they would happen: each ends the exchange, so nothing that stands behind it ever comes. */
const endings = ["reset", "status", "cut_after", "stall_after"] as const
type Ending = (typeof endings)[number]

const isSet = (fault: FaultConfig, ending: Ending): boolean =>
  ending === "reset" ? fault.reset : fault[ending] !== undefined

const checkFault = (name: string, fault: FaultConfig, report: Report) => {
  const path: Path = ["providers", name, "fault"]
  const set = endings.filter((candidate) => isSet(fault, candidate))
  const ending = set[0]
  const contradict = (key: string, other: Ending) => {
    const message = `never happens: \`${other}\` (${report.place([...path, other])}) ends the exchange before it`
    report.error([...path, key], message, "keep one of the two", "key")
  }
  if (ending !== undefined) for (const key of set.slice(1)) contradict(key, ending)
  // A malformed event goes well with a stream that breaks later.
  if (fault.malformed_after !== undefined && (ending === "reset" || ending === "status")) {
    contradict("malformed_after", ending)
  }
  if (fault.retry_after !== undefined && fault.status === undefined) {
    const message = "is sent with `status`, which is missing"
    report.error([...path, "retry_after"], message, "write status: 429 beside it", "key")
  }
  const harmless = ending === undefined && fault.malformed_after === undefined && (fault.delay ?? 0) === 0
  if (harmless || fault.probability === 0) {
    const hint = harmless ? "write status, reset, delay, malformed_after, cut_after or stall_after" : null
    report.warning(
      path,
      harmless ? "no fault is named: nothing fails" : "a probability of 0: nothing fails",
      hint,
      "key"
    )
  } else {
    report.warning(path, `provider ${name} fails on purpose`, "remove `fault` when the rehearsal is over", "key")
  }
}

export const check = (file: PenstockFile, report: Report) => {
  for (const [name, { fault }] of Object.entries(file.providers)) {
    if (fault !== undefined) checkFault(name, fault, report)
  }
}
