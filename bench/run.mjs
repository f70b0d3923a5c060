/**
 * `npm run bench [-- --quick] [--no-portkey] [--no-penstock] [--portkey DIR] [--out FILE]`
 *
 * Measures the floor, Penstock and Portkey in turns, in one run, on one machine, and writes what it found to
 * `bench/RESULTS.md`. The load generator and the upstream share the cores with the gateway under test, so what counts
 * are ratios and CPU time per request, not requests per second as such. A missed goal is a finding and ends with 0; a
 * lost frame, a wrong answer or a ledger that does not add up ends with 1.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import { floor, installPortkey, KEY, loadGenerator, part, penstock, portkey, ROOT } from "./contenders.mjs"
import { checkLedger, measureLedger } from "./ledger.mjs"
import { cpuSeconds, describe, memory } from "./machine.mjs"
import { median } from "./figures.mjs"
import { evaluate, render } from "./report.mjs"
import { measureTranslated } from "./translated.mjs"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    "no-portkey": { type: "boolean", default: false },
    "no-penstock": { type: "boolean", default: false },
    portkey: { type: "string", default: path.join(ROOT, "bench/.portkey") },
    out: { type: "string", default: path.join(ROOT, "bench/RESULTS.md") }
  }
})

const plan = flags.quick
  ? {
      connections: 32,
      warmup: { rounds: 1, millis: 2000 },
      throughput: { rounds: 3, millis: 2000 },
      firstToken: { workers: 4, rounds: 100, warmup: 10, frames: 3, every: 4 },
      streams: { count: 512, rounds: 1, frames: 30, every: 100, spreadMillis: 1000 },
      ledger: { rows: 1_000_000, repeats: 20 }
    }
  : {
      connections: 32,
      warmup: { rounds: 2, millis: 3000 },
      throughput: { rounds: 7, millis: 4000 },
      firstToken: { workers: 4, rounds: 600, warmup: 25, frames: 3, every: 4 },
      streams: { count: 512, rounds: 3, frames: 60, every: 100, spreadMillis: 1000 },
      ledger: { rows: 1_000_000, repeats: 20 }
    }

const say = (text) => console.log(text)

const PROMPT =
  "Summarise the following in one sentence. A weir holds the river back so that a part of it can be led away; the " +
  "rest goes over the top. What is led away goes through a screen, which keeps out what would break the wheel."

const request = (content, more = {}) => ({
  model: "mock/bench",
  messages: [
    { role: "system", content: "You are a careful assistant. Answer briefly." },
    { role: "user", content }
  ],
  temperature: 0.2,
  max_tokens: 256,
  ...more
})

const streamed = ({ frames, every }, usage) => ({
  body: request(`${PROMPT} frames=${frames} every=${every}`, {
    stream: true,
    ...(usage && { stream_options: { include_usage: true } })
  }),
  expect: { frames, usage }
})

const ask = (target, headers) =>
  fetch(`http://127.0.0.1:${target.port}${target.path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...target.headers, ...headers },
    body: JSON.stringify(request(PROMPT))
  })

/** One request whose answer is read in full: a gateway that answers wrongly must not be measured. */
const checkAnswer = async ({ name, target }) => {
  const response = await ask(target)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${name} answers ${response.status}: ${text.slice(0, 500)}`)
  const answer = JSON.parse(text)
  if (!answer.choices?.[0]?.message?.content?.endsWith("bench-end") || answer.usage?.total_tokens !== 121) {
    throw new Error(`${name} answers something else than the upstream: ${text.slice(0, 500)}`)
  }
}

const checkKeys = async ({ target }) => {
  const response = await ask(target, { authorization: "Bearer sk-not-a-key-0123456789" })
  await response.arrayBuffer()
  if (response.status !== 401) throw new Error(`penstock answers ${response.status} to a wrong key instead of 401`)
}

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis))

/** Runs a job against one contender and adds what its process spent on it. */
const measured = async (load, contender, job, options) => {
  const before = cpuSeconds(contender.pid)
  const figures = await load.run(job, { target: contender.target, ...options })
  const cpu = cpuSeconds(contender.pid) - before
  contender.problems.push(...figures.problems)
  contender.sent += figures.requests ?? figures.streams
  return { ...figures, cpu, memory: memory(contender.pid) }
}

const throughput = async (load, contenders) => {
  const rounds = []
  for (let index = 0; index < plan.warmup.rounds + plan.throughput.rounds; index++) {
    const warm = index >= plan.warmup.rounds
    const { millis } = warm ? plan.throughput : plan.warmup
    const round = {}
    for (const contender of contenders) {
      const options = { connections: plan.connections, millis, body: request(PROMPT), marker: "bench-end" }
      const figures = await measured(load, contender, "closedLoop", options)
      round[contender.name] = { ...figures, cpuMicros: (figures.cpu * 1e6) / figures.requests }
    }
    if (warm) rounds.push(round)
    const line = contenders.map(({ name }) => {
      const { cpuMicros, rps } = round[name]
      return `${name} ${rps.toFixed(0)}/s, ${cpuMicros.toFixed(0)} µs CPU`
    })
    say(`  ${warm ? `round ${index - plan.warmup.rounds + 1}` : "warm-up"}: ${line.join(" · ")}`)
  }
  return rounds
}

const firstTokens = async (load, contenders) => {
  const { workers, rounds, warmup, ...pace } = plan.firstToken
  const figures = await load.run("firstTokens", {
    targets: contenders.map(({ target }) => target),
    workers,
    rounds,
    warmup,
    ...streamed(pace, false)
  })
  const result = {}
  for (const [index, contender] of contenders.entries()) {
    const { firstToken, problems, streams } = figures[index]
    contender.problems.push(...problems)
    contender.sent += streams
    result[contender.name] = firstToken
    say(`  ${contender.name}: p50 ${firstToken.p50.toFixed(2)} ms, p99 ${firstToken.p99.toFixed(2)} ms`)
  }
  return result
}

const manyStreams = async (load, contenders) => {
  const rounds = []
  const { count, spreadMillis, rounds: wanted, ...pace } = plan.streams
  for (let index = 0; index < wanted; index++) {
    const round = {}
    for (const contender of contenders) {
      const options = { streams: count, spreadMillis, ...streamed(pace, true) }
      const figures = await measured(load, contender, "manyStreams", options)
      round[contender.name] = { ...figures, cpuMicros: (figures.cpu * 1e6) / figures.frames }
      const { cpuMicros, gap, problems } = round[contender.name]
      say(
        `  ${contender.name}: ${problems.length} problems, gap p99 ${gap.p99.toFixed(1)} ms, ${cpuMicros.toFixed(0)} µs CPU per frame`
      )
    }
    rounds.push(round)
  }
  return rounds
}

const throughDialects = async (load, ours) => {
  say("Translated")
  const measuredOurs = async (job, options) => {
    const before = cpuSeconds(ours.pid)
    const figures = await load.run(job, options)
    for (const { problems, requests, streams } of [figures].flat()) {
      ours.problems.push(...problems)
      ours.sent += requests ?? streams
    }
    return Array.isArray(figures) ? figures : { ...figures, cpu: cpuSeconds(ours.pid) - before }
  }
  const { target } = ours
  const translated = await measureTranslated({
    measured: measuredOurs,
    model: "mock/bench",
    plan,
    prompt: PROMPT,
    target
  })
  for (const [name, { p50, p99 }] of Object.entries(translated.first)) {
    const rps = median(translated.rounds.map((round) => round[name].rps))
    say(`  ${name}: ${rps.toFixed(0)}/s, first token p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`)
  }
  return translated
}

const startAll = async (upstream, folder) => {
  const skipped = []
  const contenders = []
  const add = (contender) => contenders.push(Object.assign(contender, { problems: [], sent: 0 }))
  add(await floor(upstream.port))
  const subfolder = (name) => {
    const cwd = path.join(folder, name)
    fs.mkdirSync(cwd)
    return cwd
  }
  if (flags["no-penstock"]) skipped.push({ name: "penstock", reason: "--no-penstock" })
  else {
    add(await penstock(upstream.port, { cwd: subfolder("penstock") }))
    add(await penstock(upstream.port, { cwd: subfolder("budgeted"), budgets: true }))
  }
  const { entry, reason } = flags["no-portkey"] ? { reason: "--no-portkey" } : installPortkey(flags.portkey)
  if (entry === undefined) {
    skipped.push({ name: "portkey", reason })
  } else {
    try {
      const contender = await portkey(upstream.port, { entry, cwd: subfolder("portkey") })
      await checkAnswer(contender)
      add(contender)
    } catch (error) {
      skipped.push({ name: "portkey", reason: error.message })
    }
  }
  for (const { name, reason } of skipped) say(`${name} is not measured: ${reason}`)
  return { skipped, contenders }
}

const main = async (folder) => {
  const began = performance.now()
  const machine = describe()
  const upstream = await part("upstream.mjs")
  const load = await loadGenerator()
  const { contenders, skipped } = await startAll(upstream, folder)
  const ours = contenders.find(({ name }) => name === "penstock")
  for (const contender of contenders) {
    await checkAnswer(contender)
    contender.sent++
  }
  if (ours !== undefined) await checkKeys(ours)
  const idle = Object.fromEntries(contenders.map(({ name, pid }) => [name, memory(pid)]))

  say(`Requests, ${plan.connections} connections`)
  const rounds = await throughput(load, contenders)
  say("First token")
  const first = await firstTokens(load, contenders)
  say(`${plan.streams.count} streams`)
  const streams = await manyStreams(load, contenders)
  const translated = ours === undefined ? undefined : await throughDialects(load, ours)
  // What a process holds once the streams are gone, after the garbage collector had a moment.
  await pause(1000)
  const after = Object.fromEntries(contenders.map(({ name, pid }) => [name, memory(pid)]))

  const broken = []
  const remarks = []
  if (machine.load > 0.5 * machine.cores) {
    remarks.push(`the machine was busy with other work when the run began (load average ${machine.load.toFixed(1)})`)
  }
  for (const { name, problems } of contenders) {
    // What is wrong with Portkey is told, but it is not ours to fail for.
    const list = name === "portkey" ? remarks : broken
    for (const problem of [...new Set(problems)].slice(0, 5)) list.push(`${name}: ${problem}`)
  }
  let ledger
  if (ours !== undefined) {
    for (const { database, sent, stop } of contenders.filter((each) => each.database !== undefined)) {
      await stop()
      broken.push(...checkLedger(database, sent))
    }
    say(`Ledger, ${plan.ledger.rows.toLocaleString("en")} rows`)
    const cwd = path.join(folder, "ledger")
    fs.mkdirSync(cwd)
    const start = () => penstock(upstream.port, { cwd, auth: "none" })
    ledger = await measureLedger({ start, headers: { authorization: `Bearer ${KEY}` }, ...plan.ledger })
    broken.push(...ledger.problems)
    say(`  seeded in ${ledger.seedSeconds.toFixed(1)} s; costs ${median(ledger.costs).toFixed(1)} ms`)
  }
  for (const { stop } of [...contenders, load, upstream]) await stop()

  const results = {
    plan,
    machine,
    contenders,
    skipped,
    idle,
    after,
    rounds,
    first,
    streams,
    translated,
    ledger,
    broken,
    remarks
  }
  const goals = evaluate(results)
  const seconds = (performance.now() - began) / 1000
  const command = `node bench/run.mjs ${process.argv.slice(2).join(" ")}`.trim()
  const text = render({ ...results, goals, seconds, command })
  fs.writeFileSync(flags.out, text)
  say(`\n${text}`)
  return broken.length === 0 ? 0 : 1
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "penstock-bench-"))
try {
  process.exitCode = await main(folder)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
process.exit()
