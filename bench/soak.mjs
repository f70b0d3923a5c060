/**
 * `node bench/soak.mjs [--minutes 30] [--workers 24] [--max-slope 20]`
 *
 * Whether the gateway holds still: a constant mixed load against the built server (whole answers, streams, providers that
 * fail by their `fault` block, callers who leave; keys and a budget on), and its resident memory every five seconds. The
 * slope is the least-squares line through the second half of the samples, when caches and pools are full. It ends by
 * itself: with 1 when an answer was wrong, a row is missing, open or unsettled, money is still reserved, or, from ten
 * minutes on, memory grows by more than `--max-slope` MB an hour; else with 0.
 */
import * as fs from "node:fs"
import * as http from "node:http"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { KEY, part, penstock } from "./contenders.mjs"
import { openDatabase } from "./ledger.mjs"
import { describe, memory } from "./machine.mjs"

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    workers: { type: "string", default: "24" },
    "max-slope": { type: "string", default: "20" }
  }
})
const minutes = Number(flags.minutes)
const workers = Number(flags.workers)
const maxSlope = Number(flags["max-slope"])
if (![minutes, workers, maxSlope].every((value) => value > 0 && value <= 1440)) {
  console.error("--minutes, --workers and --max-slope are numbers above 0, up to 1440")
  process.exit(2)
}

const SAMPLE_MILLIS = 5000
/** Below this a slope is the noise of a garbage collector. */
const TELLING_MINUTES = 10
/** Between two requests of a worker: the load is constant, not as much as the machine can do. */
const PAUSE_MILLIS = 50

const say = (text) => console.log(text)
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

const config = (port) => {
  const provider = (fault) =>
    `{ protocol: openai, base_url: "http://127.0.0.1:${port}/v1", api_key: upstream-key, pricing: { input: 0.15, output: 0.60 }${fault} }`
  return `server: { auth: keys, admin_key: ${KEY}-admin }
providers:
  mock: ${provider("")}
  flaky: ${provider(", fault: { seed: 1, probability: 0.5, status: 503, retry_after: 20ms }")}
  cutting: ${provider(", fault: { seed: 2, probability: 0.5, cut_after: 5 }")}
models:
  steady: mock/bench
  flaky: { targets: [flaky/bench, mock/bench], retry: { max: 1, delay: 10ms }, breaker: { cooldown: 1s } }
  cut: { targets: [cutting/bench, mock/bench], retry: { max: 0 }, breaker: { failures: 10000 } }
keys:
  - { name: bench, key: ${KEY}, budget: { usd: 100000, per: total } }
`
}

/** What is asked for, in these shares; `leaves` breaks the connection once so many bytes have come. */
const kinds = [
  { name: "whole", share: 0.4, model: "steady" },
  { name: "stream", share: 0.25, model: "steady", frames: 20, every: 10 },
  { name: "flaky", share: 0.15, model: "flaky" },
  { name: "cut", share: 0.1, model: "cut", frames: 20, every: 5 },
  { name: "leaves", share: 0.1, model: "steady", frames: 200, every: 20, leaves: 600 }
]

/** By turns rather than by chance, so that two runs have the same load. */
const turns = kinds.flatMap((kind) => Array.from({ length: Math.round(kind.share * 20) }, () => kind))
const kindOf = (number) => turns[(number * 7) % turns.length]

const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })

/** One request; tells what came of it in a word. */
const ask = ({ port, path: endpoint, headers }, { every, frames, leaves, model }) =>
  new Promise((resolve) => {
    const request = http.request({
      port,
      host: "127.0.0.1",
      path: endpoint,
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      // Who leaves must not take a kept connection along.
      agent: leaves === undefined ? agent : false
    })
    let over = (word) => {
      over = () => {}
      resolve(word)
    }
    request.on("error", (error) => over(`no answer: ${error.code ?? error.message}`))
    request.on("response", (response) => {
      let body = ""
      response.on("error", () => over("broken connection"))
      response.on("data", (bytes) => {
        body += bytes.latin1Slice()
        if (leaves !== undefined && body.length > leaves) {
          over("left")
          request.destroy()
        }
      })
      response.on("end", () => {
        if (response.statusCode !== 200) over(`status ${response.statusCode}`)
        else if (frames === undefined) over(body.includes("bench-end") ? "whole" : "wrong answer")
        else if (body.includes('"error"')) over("error in the stream")
        else over(body.includes("data: [DONE]") && body.includes(`f${frames - 1} `) ? "whole" : "cut stream")
      })
    })
    const prompt = frames === undefined ? "soak" : `soak frames=${frames} every=${every}`
    request.end(
      JSON.stringify({
        model,
        max_tokens: 256,
        messages: [{ role: "user", content: prompt }],
        ...(frames !== undefined && { stream: true })
      })
    )
  })

/** What may come of each kind. A stream that was cut goes on elsewhere, or says so; it is never quietly short. */
const expected = {
  whole: ["whole"],
  stream: ["whole"],
  flaky: ["whole"],
  cut: ["whole", "error in the stream"],
  leaves: ["left"]
}

/** MB per hour. */
const slope = (samples) => {
  const half = samples.slice(samples.length >> 1)
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const at = mean(half.map(({ seconds }) => seconds))
  const level = mean(half.map(({ megabytes }) => megabytes))
  const over = half.reduce((sum, { seconds }) => sum + (seconds - at) ** 2, 0)
  const rise = half.reduce((sum, { megabytes, seconds }) => sum + (seconds - at) * (megabytes - level), 0)
  return (rise / over) * 3600
}

const checkRows = (file, sent) => {
  const database = openDatabase(file, { readonly: true })
  try {
    const counts = database.prepare("SELECT status, COUNT(*) AS count FROM requests GROUP BY status").all()
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    say(`ledger: ${counts.map(({ count, status }) => `${count} ${status}`).join(", ")}`)
    const unsettled = counts.filter(({ status }) => status === "open" || status === "interrupted")
    return [
      ...(total === sent ? [] : [`the ledger has ${total} rows for ${sent} requests`]),
      ...unsettled.map(({ count, status }) => `${count} rows are ${status}`)
    ]
  } finally {
    database.close()
  }
}

const checkBudget = async ({ port }) => {
  const response = await fetch(`http://127.0.0.1:${port}/v1/budgets`, {
    headers: { authorization: `Bearer ${KEY}-admin` }
  })
  if (!response.ok) return [`GET /v1/budgets answers ${response.status}`]
  const { budgets } = await response.json()
  return budgets
    .filter(({ reserved_usd }) => reserved_usd !== 0)
    .map(({ reserved_usd, scope }) => `${scope} still has ${reserved_usd} USD reserved`)
}

const main = async (folder) => {
  const { cores, load, node } = describe()
  say(`${minutes} min, ${workers} workers, ${cores} cores (load ${load.toFixed(1)}), Node ${node}`)
  const upstream = await part("upstream.mjs")
  const gateway = await penstock(upstream.port, { cwd: folder, text: config(upstream.port) })
  const outcomes = new Map()
  const stopping = new AbortController()
  let sent = 0
  const worker = async () => {
    while (!stopping.signal.aborted) {
      const kind = kindOf(sent++)
      const word = `${kind.name}: ${await ask(gateway.target, kind)}`
      outcomes.set(word, (outcomes.get(word) ?? 0) + 1)
      await pause(PAUSE_MILLIS)
    }
  }
  const running = Promise.all(Array.from({ length: workers }, worker))

  const samples = []
  const began = performance.now()
  const end = began + minutes * 60_000
  while (performance.now() < end && gateway.child.exitCode === null) {
    await pause(Math.min(SAMPLE_MILLIS, Math.max(1, end - performance.now())))
    const seconds = (performance.now() - began) / 1000
    const megabytes = memory(gateway.pid).now
    samples.push({ seconds, megabytes })
    // Twelve lines a minute would be nobody's reading.
    if (samples.length % 12 === 0) say(`${(seconds / 60).toFixed(0)} min: ${megabytes.toFixed(1)} MB, ${sent} requests`)
  }
  stopping.abort()
  await running
  // Rows are settled a moment after the last byte.
  await pause(1000)
  const { peak } = memory(gateway.pid)
  const problems = await checkBudget(gateway)
  await gateway.stop()
  await upstream.stop()

  problems.push(...checkRows(path.join(folder, "penstock.db"), sent))
  for (const [word, count] of [...outcomes].sort()) {
    const [kind, outcome] = word.split(": ")
    say(`${word}: ${count}`)
    if (!expected[kind].includes(outcome)) problems.push(`${count} × ${word}`)
  }
  const growth = slope(samples)
  const telling = minutes >= TELLING_MINUTES
  say(
    `memory: ${samples.at(-1).megabytes.toFixed(1)} MB at the end, ${peak.toFixed(1)} at its peak, slope ${growth.toFixed(1)} MB/hour${telling ? "" : ` (noise: less than ${TELLING_MINUTES} min)`}`
  )
  if (telling && growth > maxSlope) problems.push(`memory grows by ${growth.toFixed(1)} MB an hour, above ${maxSlope}`)
  for (const problem of problems) say(`PROBLEM ${problem}`)
  say(problems.length === 0 ? `result: ${sent} requests, nothing wrong` : "result: not as it should be")
  return problems.length === 0 ? 0 : 1
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-soak-"))
try {
  process.exitCode = await main(folder)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
process.exit()
