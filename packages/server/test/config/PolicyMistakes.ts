/** Mistakes in what happens when a target fails, and in limits of money and of requests. */
import type { Mistake } from "./Mistakes.ts"

const chain = Array.from({ length: 17 }, (_, index) => `  m${index}: m${index + 1}\n`).join("")

/** Each name stands for the two of the next step: twice as many targets with every one. */
const ladder = Array.from({ length: 7 }, (_, index) => {
  const next = `m${index + 1}, n${index + 1}`
  return `  m${index}: {targets: [${next}]}\n${index === 0 ? "" : `  n${index}: {targets: [${next}, x/${index}]}\n`}`
}).join("")

export const policyMistakes: ReadonlyArray<Mistake> = [
  {
    name: "a timeout of 0: connect",
    yaml: "defaults:\n  timeout: {connect: 0s}\n",
    at: "2:22",
    path: "defaults.timeout.connect",
    message: 'expected a duration such as 500ms, 5s or 10m, above 0 and at most 24d, found "0s"',
    hint: "leave the key out"
  },
  {
    name: "a timeout of 0: first_token",
    yaml: "defaults:\n  timeout: {first_token: 0s}\n",
    at: "2:26",
    path: "defaults.timeout.first_token",
    message: 'expected a duration such as 500ms, 5s or 10m, above 0 and at most 24d, found "0s"',
    hint: "leave the key out"
  },
  {
    name: "a timeout of 0: idle",
    yaml: "defaults:\n  timeout: {idle: 0s}\n",
    at: "2:19",
    path: "defaults.timeout.idle",
    message: 'expected a duration such as 500ms, 5s or 10m, above 0 and at most 24d, found "0s"',
    hint: "leave the key out"
  },
  {
    name: "a timeout of 0: total",
    yaml: "defaults:\n  timeout: {total: 0s}\n",
    at: "2:20",
    path: "defaults.timeout.total",
    message: 'expected a duration such as 500ms, 5s or 10m, above 0 and at most 24d, found "0s"',
    hint: "leave the key out"
  },
  {
    name: "a timeout that no timer holds",
    yaml: "defaults:\n  timeout: {total: 25d}\n",
    at: "2:20",
    path: "defaults.timeout.total",
    message: 'expected a duration such as 500ms, 5s or 10m, above 0 and at most 24d, found "25d"'
  },
  {
    name: "a wait that no timer holds",
    yaml: "defaults: {retry: {max_delay: 30d}}\n",
    at: "1:31",
    path: "defaults.retry.max_delay",
    message: 'at most 24d, found "30d"'
  },
  {
    name: "a first wait longer than the longest",
    yaml: "models:\n  fast:\n    targets: [demo/echo]\n    retry: {max_delay: 1s, delay: 2s}\n",
    at: "4:35",
    path: "models.fast.retry.delay",
    message: "2s is longer than models.fast.retry.max_delay, 1s (penstock.yaml:4:24)",
    hint: "write a longer retry.max_delay"
  },
  {
    name: "a first wait longer than the built-in longest",
    yaml: "defaults: {retry: {delay: 20s}}\n",
    at: "1:27",
    path: "defaults.retry.delay",
    message: "20s is longer than retry.max_delay, 10s unless it is written"
  },
  {
    name: "a limit longer than that of the whole, which stands in `defaults`",
    yaml: "defaults: {timeout: {total: 20s}}\nmodels:\n  fast:\n    targets: [demo/echo]\n    timeout: {first_token: 30s}\n",
    at: "5:28",
    path: "models.fast.timeout.first_token",
    message: "30s is longer than defaults.timeout.total, 20s (penstock.yaml:1:29)",
    hint: "write a longer timeout.total"
  },
  {
    name: "an idle limit longer than the whole",
    yaml: "defaults: {timeout: {idle: 2m, total: 1m}}\n",
    at: "1:28",
    path: "defaults.timeout.idle",
    message: "2m is longer than defaults.timeout.total, 1m"
  },
  {
    name: "a connect limit longer than the built-in whole",
    yaml: "defaults: {timeout: {connect: 11m}}\n",
    at: "1:31",
    path: "defaults.timeout.connect",
    message: "11m is longer than timeout.total, 10m unless it is written"
  },
  {
    name: "a hedge that comes with the timeout",
    yaml: "models:\n  fast:\n    targets: [demo/echo, openai/x]\n    timeout: {first_token: 2s}\n    hedge: {after: 2s}\n",
    at: "5:20",
    path: "models.fast.hedge.after",
    message: "2s is as long as models.fast.timeout.first_token, 2s (penstock.yaml:4:28)"
  },
  {
    name: "a breaker without a window",
    yaml: "defaults: {breaker: {window: 0s}}\n",
    at: "1:30",
    path: "defaults.breaker.window",
    message: 'expected a duration such as 500ms, 5s or 10m, above 0 and at most 24d, found "0s"'
  },
  {
    name: "retries that are too many",
    yaml: "defaults: {retry: {max: 21}}\n",
    at: "1:25",
    path: "defaults.retry.max",
    message: "expected a number of further attempts from 0 to 20, found 21"
  },
  {
    name: "a fallback on a misspelled failure",
    yaml: "defaults: {fallback_on: [rate_limits]}\n",
    at: "1:26",
    path: "defaults.fallback_on[0]",
    message: "expected one of rate_limit,",
    hint: 'did you mean "rate_limit"?'
  },
  {
    name: "one target twice",
    yaml: "models:\n  fast: {targets: [openai/x, {model: openai/x}]}\n",
    at: "2:38",
    path: "models.fast.targets[1].model",
    message: "the same target as openai/x (penstock.yaml:2:20)",
    hint: "name each target once"
  },
  {
    name: "one target under two names",
    yaml: "models: {fast: {targets: [gpt-4o, openai/gpt-4o]}}\n",
    at: "1:35",
    path: "models.fast.targets[1]",
    message: "the same target as gpt-4o (penstock.yaml:1:27)"
  },
  {
    name: "targets in a circle, written as mappings",
    yaml: "models:\n  a: {targets: [{model: b}]}\n  b: {targets: [{model: a}]}\n",
    at: "3:25",
    path: "models.b.targets[0].model",
    message: "a name that leads to itself: a → b → a"
  },
  {
    name: "names that stand for names without end",
    yaml: `models:\n${chain}  m17: demo/echo\n`,
    at: "2:3",
    path: "models.m0",
    message: "leads through more than 16 names",
    hint: "directly"
  },
  {
    name: "a name that stands for too much",
    yaml: `providers: {x: {protocol: demo}}\nmodels:\n${ladder}  m7: demo/echo\n  n7: demo/extract\n`,
    at: "3:3",
    path: "models.m0",
    message: "stands for more than 100 targets",
    hint: "leave some of them out"
  },
  {
    name: "a negative budget",
    yaml: "budget: {usd: -1, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected an amount in USD up to 1000000 with at most 9 decimals, found -1",
    hint: "no limit"
  },
  {
    name: "a budget of 0",
    yaml: "budget: {usd: 0, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected more than 0: such a budget would refuse",
    hint: "no limit"
  },
  {
    name: "a budget beyond counting",
    yaml: "budget: {usd: 1e300, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected an amount in USD up to 1000000 with at most 9 decimals, found 1e+300",
    hint: "no limit"
  },
  {
    name: "a budget without end",
    yaml: "budget: {usd: .inf, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected an amount in USD up to 1000000 with at most 9 decimals, found Infinity",
    hint: "no limit"
  },
  {
    name: "a budget that is no number",
    yaml: "budget: {usd: .nan, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected an amount in USD up to 1000000 with at most 9 decimals, found NaN",
    hint: "no limit"
  },
  {
    name: "a budget of less than can be counted",
    yaml: "budget: {usd: 0.0000000001, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected an amount in USD up to 1000000 with at most 9 decimals, found 1e-10",
    hint: "no limit"
  },
  {
    name: "a budget of a part of what can be counted",
    yaml: "budget: {usd: 1.0000000001, per: day}\n",
    at: "1:15",
    path: "budget.usd",
    message: "expected an amount in USD up to 1000000 with at most 9 decimals, found 1.0000000001",
    hint: "no limit"
  },
  {
    name: "a budget per run of the gateway",
    yaml: "budget: {usd: 1, per: run}\n",
    at: "1:23",
    path: "budget.per",
    message: "a run is a workflow's",
    hint: "hour, day, week, month or total"
  },
  {
    name: "a budget per run of a key",
    yaml: "keys:\n  - {name: alice, key: aaaaaaaa, budget: {usd: 1, per: run}}\n",
    at: "2:56",
    path: "keys[0].budget.per",
    message: "a run is a workflow's"
  },
  {
    name: "a budget without its window",
    yaml: "budget: {usd: 1}\n",
    at: "1:1",
    path: "budget.per",
    message: '"per" is missing: expected one of run, hour,'
  },
  {
    name: "a price of less than can be counted",
    yaml: "providers: {demo: {pricing: {input: 1e-9, output: 1}}}\n",
    at: "1:37",
    path: "providers.demo.pricing.input",
    message: "expected a price in USD per million tokens, 0 or from 0.000001 to 1000000, found 1e-9"
  },
  {
    name: "a price that is no number",
    yaml: "pricing: {overrides: {x: {input: .nan, output: 1}}}\n",
    at: "1:34",
    path: "pricing.overrides.x.input",
    message: "found NaN"
  },
  {
    name: "a rate of 0",
    yaml: "keys:\n  - {name: alice, key: aaaaaaaa, rate: {concurrent: 0}}\n",
    at: "2:53",
    path: "keys[0].rate.concurrent",
    message: "expected a number from 1 to 1000000000, found 0"
  },
  {
    name: "a cache that keeps nothing",
    yaml: "cache: {enabled: true, ttl: 0s}\n",
    at: "1:29",
    path: "cache.ttl",
    message: "expected more than 0: nothing would be kept"
  },
  {
    name: "more workers than one",
    yaml: "server: {workers: 4}\n",
    at: "1:19",
    path: "server.workers",
    message: "expected 1, found 4",
    hint: "remove the key"
  },
  {
    name: "a fault of two kinds",
    yaml: "providers: {demo: {fault: {status: 500, cut_after: 2}}}\n",
    at: "1:41",
    path: "providers.demo.fault.cut_after",
    message: "never happens: `status` (penstock.yaml:1:36) ends the exchange before it",
    hint: "keep one of the two"
  },
  {
    name: "a reset with a status",
    yaml: "providers: {demo: {fault: {reset: true, status: 500}}}\n",
    at: "1:41",
    path: "providers.demo.fault.status",
    message: "never happens: `reset`"
  },
  {
    name: "a malformed event of an answer that never comes",
    yaml: "providers: {demo: {fault: {reset: true, malformed_after: 1}}}\n",
    at: "1:41",
    path: "providers.demo.fault.malformed_after",
    message: "never happens: `reset`"
  },
  {
    name: "a cut stream that stalls",
    yaml: "providers: {demo: {fault: {cut_after: 1, stall_after: 2}}}\n",
    at: "1:42",
    path: "providers.demo.fault.stall_after",
    message: "never happens: `cut_after`"
  },
  {
    name: "a time to wait without a refusal",
    yaml: "providers: {demo: {fault: {retry_after: 1s}}}\n",
    at: "1:28",
    path: "providers.demo.fault.retry_after",
    message: "is sent with `status`, which is missing",
    hint: "status: 429"
  },
  {
    name: "a fault beyond certainty",
    yaml: "providers: {demo: {fault: {reset: true, probability: 2}}}\n",
    at: "1:54",
    path: "providers.demo.fault.probability",
    message: "expected a probability from 0 to 1, found 2"
  },
  {
    name: "an endpoint that the protocol has no way for",
    yaml: "providers: {anthropic: {endpoints: [chat, embeddings]}}\n",
    at: "1:43",
    path: "providers.anthropic.endpoints[1]",
    message: "protocol anthropic has no embeddings",
    hint: "those of anthropic are chat"
  },
  {
    name: "an endpoint that nobody knows",
    yaml: "providers: {openai: {endpoints: [chat, embedings]}}\n",
    at: "1:40",
    path: "providers.openai.endpoints[1]",
    message: 'found "embedings"'
  }
]
