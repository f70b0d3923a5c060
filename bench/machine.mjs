/** What the kernel says of a process and of this machine. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"

const ticksPerSecond = () => Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }))
let ticks

/** CPU seconds of a process, user and system, all its threads. */
export const cpuSeconds = (pid) => {
  ticks ??= ticksPerSecond()
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8")
  // The name in brackets may hold spaces: count from its end. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / ticks
}

/** Resident memory in MB: now, and the most it ever was. */
export const memory = (pid) => {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8")
  const megabytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN) / 1024
  return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") }
}

export const describe = () => {
  const [cpu] = os.cpus()
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    memoryGigabytes: os.totalmem() / 2 ** 30,
    system: `${os.type()} ${os.release().split("-")[0]} ${os.arch()}`,
    node: process.version,
    load: os.loadavg()[0]
  }
}
