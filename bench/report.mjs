/** From figures to a page: the goals first, then what they are computed from. */
import { median, table } from "./figures.mjs"
import { translatedTable } from "./translated.mjs"

const medianOf = (rounds, name, figure) => median(rounds.map((round) => figure(round[name])))

/** The ratio of two contenders in each round, so that what slows the machine for a while slows both. */
const ratios = (rounds, name, other, figure) => rounds.map((round) => figure(round[name]) / figure(round[other]))

const range = (values, digits) => `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`

const goal = (what, measured, reached) => ({
  what,
  measured,
  result: reached === undefined ? "not measured" : reached ? "pass" : "**falls short**"
})

/** Each goal with what was measured for it. */
export const evaluate = ({ contenders, skipped, rounds, first, streams, after, ledger, plan }) => {
  const names = new Set(contenders.map(({ name }) => name))
  const why = (name) => skipped.find((entry) => entry.name === name)?.reason ?? ""
  const ours = (what, other, measure) => {
    const missing = ["penstock", other].find((name) => !names.has(name))
    return missing === undefined ? goal(what, ...measure()) : goal(what, `${missing}: ${why(missing)}`)
  }
  return [
    ...["penstock", "budgeted"].flatMap((name) => {
      const also = name === "budgeted" ? ", with budgets" : ""
      return [
        ours(`CPU per request ≤ 3 × floor${also}`, "floor", () => {
          const values = ratios(rounds, name, "floor", ({ cpuMicros }) => cpuMicros)
          return [`${median(values).toFixed(2)} × (rounds ${range(values, 2)})`, median(values) <= 3]
        }),
        ours(`requests per second ≥ 6 × Portkey${also}`, "portkey", () => {
          const values = ratios(rounds, name, "portkey", ({ rps }) => rps)
          return [`${median(values).toFixed(2)} × (rounds ${range(values, 2)})`, median(values) >= 6]
        })
      ]
    }),
    ours("added time to first token ≤ 2 ms p99", "floor", () => {
      const [p50, p99] = ["p50", "p99"].map((q) => first.penstock[q] - first.floor[q])
      return [`${p99.toFixed(2)} ms p99, ${p50.toFixed(2)} ms p50`, p99 <= 2]
    }),
    ours(`${plan.streams.count} paced streams, no frame lost or reordered`, "floor", () => {
      const problems = streams.flatMap((round) => round.penstock.problems)
      const frames = streams.reduce((total, round) => total + round.penstock.frames, 0)
      return [`${problems.length} problems in ${frames.toLocaleString("en")} frames`, problems.length === 0]
    }),
    ours("resident memory ≤ 250 MB", "floor", () => {
      const { peak, now } = after.penstock
      return [`${peak.toFixed(0)} MB at its peak, ${now.toFixed(0)} MB after`, peak <= 250]
    }),
    ours(`costs by model and day over ${plan.ledger.rows.toLocaleString("en")} rows < 200 ms`, "floor", () => [
      `${median(ledger.costs).toFixed(1)} ms (median of ${ledger.costs.length}, worst ${Math.max(...ledger.costs).toFixed(1)})`,
      median(ledger.costs) < 200
    ])
  ]
}

const requestTable = ({ contenders, rounds }) =>
  table(
    ["gateway", "requests/s", "p50 ms", "p99 ms", "CPU µs per request", "CPU ÷ floor", "requests/s ÷ floor"],
    contenders.map(({ name, title }) => [
      title,
      medianOf(rounds, name, ({ rps }) => rps).toFixed(0),
      medianOf(rounds, name, ({ latency }) => latency.p50).toFixed(2),
      medianOf(rounds, name, ({ latency }) => latency.p99).toFixed(2),
      medianOf(rounds, name, ({ cpuMicros }) => cpuMicros).toFixed(0),
      median(ratios(rounds, name, "floor", ({ cpuMicros }) => cpuMicros)).toFixed(2),
      median(ratios(rounds, name, "floor", ({ rps }) => rps)).toFixed(2)
    ])
  )

const firstTokenTable = ({ contenders, first }) =>
  table(
    ["gateway", "streams", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms"],
    contenders.map(({ name, title }) => [
      title,
      first[name].count,
      first[name].p50.toFixed(2),
      first[name].p99.toFixed(2),
      (first[name].p50 - first.floor.p50).toFixed(2),
      (first[name].p99 - first.floor.p99).toFixed(2)
    ])
  )

const streamTable = ({ contenders, streams }) =>
  table(
    [
      "gateway",
      "frames per round",
      "problems",
      "gap p50 ms",
      "gap p99 ms",
      "gap max ms",
      "first token p99 ms",
      "CPU µs per frame"
    ],
    contenders.map(({ name, title }) => [
      title,
      medianOf(streams, name, ({ frames }) => frames).toFixed(0),
      streams.reduce((total, round) => total + round[name].problems.length, 0),
      medianOf(streams, name, ({ gap }) => gap.p50).toFixed(1),
      medianOf(streams, name, ({ gap }) => gap.p99).toFixed(1),
      medianOf(streams, name, ({ gap }) => gap.max).toFixed(1),
      medianOf(streams, name, ({ firstToken }) => firstToken.p99).toFixed(1),
      medianOf(streams, name, ({ cpuMicros }) => cpuMicros).toFixed(0)
    ])
  )

const memoryTable = ({ contenders, idle, rounds, after }) =>
  table(
    ["gateway", "idle MB", "after the requests MB", "after the streams MB", "peak MB"],
    contenders.map(({ name, title }) => [
      title,
      idle[name].now.toFixed(0),
      rounds.at(-1)[name].memory.now.toFixed(0),
      after[name].now.toFixed(0),
      after[name].peak.toFixed(0)
    ])
  )

const ledgerTable = ({ ledger }) =>
  table(
    ["request", "median ms", "worst ms"],
    [
      ["`GET /v1/costs?by=model,day`", ledger.costs],
      ["`GET /v1/requests?limit=100`", ledger.requests]
    ].map(([what, values]) => [what, median(values).toFixed(1), Math.max(...values).toFixed(1)])
  )

export const render = (results) => {
  const { broken, command, goals, ledger, machine, plan, remarks, seconds, skipped } = results
  const list = (title, entries) => (entries.length === 0 ? "" : `\n**${title}:** ${entries.join("; ")}\n`)
  const { firstToken, streams, throughput } = plan
  return `# Benchmark

Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}, in ${seconds.toFixed(0)} s.
Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes.toFixed(0)} GB, ${machine.system}, Node ${machine.node}; load average at the start ${machine.load.toFixed(2)}.
The load generator and the mock upstream share the cores with the gateway under test: read the ratios and the CPU time, not the absolute rates.

## Goals

${table(
  ["goal", "measured", "result"],
  goals.map(({ measured, result, what }) => [what, measured, result])
)}
${list("Broken", broken)}${list("Remarks", remarks)}${skipped.map(({ name, reason }) => `\nNot measured: ${name} (${reason}).\n`).join("")}
## Requests

${plan.connections} connections, each in a closed loop; ${throughput.rounds} rounds of ${throughput.millis / 1000} s for each gateway in turn, after ${plan.warmup.rounds} for warming up. Medians of the rounds. CPU is user and system time of the gateway's process with all its threads.

${requestTable(results)}

## Time to first token

${firstToken.workers} streams at a time, the gateways taking turns stream by stream. The upstream sends the first token with its head, at once.

${firstTokenTable(results)}

## ${streams.count} streams at once

${streams.frames} numbered frames every ${streams.every} ms for each stream, ${streams.rounds} ${streams.rounds === 1 ? "round" : "rounds"}. A gap is the time between two frames of a stream; a problem is a frame that is lost, doubled or out of order, or an end that is missing.

${streamTable(results)}

## Memory

${memoryTable(results)}
${
  results.translated === undefined
    ? ""
    : `
## Translated

The same upstream, which speaks chat completions, and the same gateway, asked in each dialect in turn; measured like the sections above. Keys and ledger on.

${translatedTable(results.translated)}
`
}${
    ledger === undefined
      ? ""
      : `
## Ledger

${plan.ledger.rows.toLocaleString("en")} rows over ${ledger.days} days and ${ledger.models} models, ${ledger.megabytes.toFixed(0)} MB on disk; ${plan.ledger.repeats} requests of each kind.

${ledgerTable(results)}
`
  }`
}
