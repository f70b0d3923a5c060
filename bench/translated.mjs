/**
 * What it costs that a caller speaks another dialect than the provider: the same upstream and the same gateway, asked in
 * chat completions, whose bytes are passed through, and in Messages and Responses, which are translated both ways. In
 * turns, so that whatever disturbs the machine disturbs them alike.
 */
import { median, table } from "./figures.mjs"

const PASSED = "chat completions, passed through"

/** A request in each dialect; `asked` has a system prompt, a prompt and the most tokens of the answer. */
const dialects = [
  {
    name: PASSED,
    path: "/v1/chat/completions",
    body: ({ limit, model, prompt, system }) => ({
      model,
      messages: [
        { role: "system", content: system },
        { role: "user", content: prompt }
      ],
      max_tokens: limit
    })
  },
  {
    name: "messages, translated",
    path: "/v1/messages",
    body: ({ limit, model, prompt, system }) => ({
      model,
      system,
      messages: [{ role: "user", content: prompt }],
      max_tokens: limit
    })
  },
  {
    name: "responses, translated",
    path: "/v1/responses",
    // Stored, it could be gone on with by its id, which the others cannot.
    body: ({ limit, model, prompt, system }) => ({
      model,
      instructions: system,
      input: prompt,
      max_output_tokens: limit,
      store: false
    })
  }
]

const SYSTEM = "You are a careful assistant. Answer briefly."

/**
 * `measured(job, options)` runs a job of the load generator against the gateway and adds the CPU seconds that it spent.
 * `plan` has `connections`, `warmup` and `throughput` (`rounds`, `millis`), and `firstToken` (`workers`, `rounds`,
 * `warmup`, `frames`, `every`).
 */
export const measureTranslated = async ({ measured, model, plan, prompt, target }) => {
  const ask = (dialect, text, more = {}) => ({
    ...dialect.body({ limit: 256, model, prompt: text, system: SYSTEM }),
    ...more
  })
  const rounds = []
  for (let index = 0; index < plan.warmup.rounds + plan.throughput.rounds; index++) {
    const warm = index >= plan.warmup.rounds
    const round = {}
    for (const dialect of dialects) {
      const { cpu, ...figures } = await measured("closedLoop", {
        target: { ...target, path: dialect.path },
        connections: plan.connections,
        millis: (warm ? plan.throughput : plan.warmup).millis,
        body: ask(dialect, prompt),
        marker: "bench-end"
      })
      round[dialect.name] = { ...figures, cpuMicros: (cpu * 1e6) / figures.requests }
    }
    if (warm) rounds.push(round)
  }
  const { every, frames, ...pace } = plan.firstToken
  const figures = await measured("firstTokens", {
    targets: dialects.map((dialect) => ({
      ...target,
      path: dialect.path,
      body: ask(dialect, `${prompt} frames=${frames} every=${every}`, { stream: true })
    })),
    ...pace,
    expect: { frames, usage: false }
  })
  return { rounds, first: Object.fromEntries(dialects.map(({ name }, at) => [name, figures[at].firstToken])) }
}

/** The figures as a table; ratios are those of each round. */
export const translatedTable = ({ first, rounds }) => {
  const of = (name, figure) => median(rounds.map((round) => figure(round[name])))
  const ratio = (name, figure) => median(rounds.map((round) => figure(round[name]) / figure(round[PASSED])))
  const cpu = ({ cpuMicros }) => cpuMicros
  return table(
    ["caller", "requests/s", "p50 ms", "p99 ms", "CPU µs per request", "CPU ÷ passed", "first token p50 ms", "p99 ms"],
    dialects.map(({ name }) => [
      name,
      of(name, ({ rps }) => rps).toFixed(0),
      of(name, ({ latency }) => latency.p50).toFixed(2),
      of(name, ({ latency }) => latency.p99).toFixed(2),
      of(name, cpu).toFixed(0),
      ratio(name, cpu).toFixed(2),
      first[name].p50.toFixed(2),
      first[name].p99.toFixed(2)
    ])
  )
}
