import { assert, describe, it } from "@effect/vitest"
import { BudgetConfig } from "@penstock/schema/config/Limits"
import * as Money from "@penstock/schema/Money"
import { renderError } from "@penstock/server/config/ConfigIssue"
import { renderYaml } from "@penstock/server/config/EffectiveConfig"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { stringify } from "yaml"
import { assembled } from "./Assemble.ts"

const { constantFrom, dictionary, double, integer, oneof, option, record, string } = FastCheck

/** Texts that mean something somewhere, and some that mean nothing. */
const word = oneof(
  constantFrom("0s", "1ms", "5s", "25d", "99999999999d", "1e9s", "-5s", "7 constructor", "25mb"),
  constantFrom("weighted", "cheapest", "full", "none", "keys", "day", "run", "rate_limit", "first_token", "complete"),
  constantFrom("a", "b", "c", "openai/x", "demo/echo", "gpt-4o", "local", "*", "gpt-*", "x/", "/x", "workflow/x"),
  constantFrom("", "aaaaaaaa", "${env.NOPE}", "${", "http://localhost:1", "__proto__", "constructor", "toString"),
  string({ maxLength: 6 })
)
const number = oneof(
  constantFrom(0, -1, 1, 0.5, 1e300, 1e-300, 1e-10, Number.NaN, Infinity, -Infinity, 2 ** 53),
  integer(),
  double()
)
const scalar = oneof(word, number, constantFrom(true, false, null))

/** A value of the right kind most of the time, so that what is behind the shapes is reached, too. */
const mostly = (right: FastCheck.Arbitrary<unknown>): FastCheck.Arbitrary<unknown> =>
  oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: scalar }, { weight: 1, arbitrary: list(scalar) })
const list = (item: FastCheck.Arbitrary<unknown>) => FastCheck.array(item, { maxLength: 4 })
const some = (fields: Record<string, FastCheck.Arbitrary<unknown>>) => mostly(record(fields, { requiredKeys: [] }))

const span = mostly(constantFrom("0ms", "1ms", "500ms", "2s", "30s", "10m", "24d"))
const name = mostly(constantFrom("a", "b", "c", "d", "openai/x", "demo/echo", "gpt-4o", "local"))
const failover = {
  retry: some({ max: mostly(integer({ min: 0, max: 20 })), delay: span, max_delay: span, jitter: word }),
  timeout: some({ connect: span, first_token: span, idle: span, total: span }),
  stream: some({ commit: mostly(constantFrom("first_token", "complete")) }),
  fallback_on: mostly(list(constantFrom("rate_limit", "server", "timeout"))),
  breaker: some({ failures: mostly(integer({ min: 1, max: 9 })), window: span, cooldown: span }),
  hedge: some({ after: span, max_share: mostly(double({ min: 0, max: 1 })) })
}
const target = oneof(name, some({ model: name, weight: mostly(double({ min: 0.1, max: 9 })) }))
const budget = some({
  usd: mostly(constantFrom(0, 1e-9, 1e-10, 0.5, 1, 10)),
  per: mostly(constantFrom("run", "hour", "day"))
})
const rate = some({ requests_per_minute: mostly(integer({ min: 1, max: 99 })), concurrent: number })
const event = option(mostly(integer({ min: 0, max: 9 })), { nil: undefined })
const fault = some({
  probability: mostly(double({ min: 0, max: 1 })),
  delay: span,
  reset: mostly(constantFrom(true, false)),
  status: mostly(constantFrom(429, 500)),
  retry_after: span,
  malformed_after: event,
  cut_after: event,
  stall_after: event
})
const named = (value: FastCheck.Arbitrary<unknown>) => dictionary(constantFrom("a", "b", "c", "d"), value)

const tree = some({
  server: some({ port: number, auth: word, workers: number, shutdown_grace: span }),
  models: mostly(named(oneof(name, some({ targets: list(target), strategy: word, ...failover })))),
  routes: mostly(list(some({ match: list(name), provider: mostly(constantFrom("openai", "demo", "a")) }))),
  defaults: some(failover),
  keys: mostly(list(some({ name, key: mostly(string({ minLength: 8, maxLength: 12 })), budget, rate }))),
  budget,
  cache: some({ enabled: mostly(constantFrom(true, false)), ttl: span, max_entries: number }),
  providers: mostly(
    dictionary(
      constantFrom("a", "demo", "openai"),
      some({ protocol: mostly(constantFrom("demo", "openai")), rate, fault })
    )
  ),
  pricing: some({ overrides: mostly(named(some({ input: number, output: number }))) }),
  mcp: some({
    servers: named(
      some({
        command: name,
        args: list(name),
        env: named(name),
        url: name,
        headers: named(name),
        timeout: span,
        tools: list(name)
      })
    ),
    allow_hosts: mostly(list(name))
  }),
  telemetry: scalar
})

const outcomeOf = (yaml: string) => Effect.runSync(Effect.either(assembled({ yaml })))

/** Either a configuration that can be printed, or issues that can be read. */
const check = (yaml: string) => {
  const outcome = outcomeOf(yaml)
  if (Either.isLeft(outcome)) {
    assert.isAbove(outcome.left.issues.length, 0)
    for (const issue of outcome.left.issues) {
      assert.isAbove(issue.message.length, 0)
      assert.notInclude(issue.message, "undefined")
      assert.isTrue(issue.line === null || issue.line >= 1)
    }
    assert.isAbove(renderError(outcome.left).length, 0)
    return "refused"
  }
  for (const warning of outcome.right.warnings) assert.isAbove(warning.message.length, 0)
  // What is printed is a configuration again, and the same.
  const printed = renderYaml(outcome.right)
  const again = outcomeOf(printed.replaceAll("<redacted>", "aaaaaaaa"))
  if (outcome.right.config.keys.length < 2) assert.isTrue(Either.isRight(again), printed)
  return "taken"
}

describe("whatever a file says, the answer is a configuration or what is wrong with it", () => {
  it("trees of known keys with values right and wrong", () => {
    const outcomes = new Map<string, number>()
    FastCheck.assert(
      FastCheck.property(tree, (value) => {
        const outcome = check(stringify(value))
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true }
    )
    // Both ways were taken: the trees are neither all wrong nor all right.
    assert.isAbove(outcomes.get("taken") ?? 0, 0)
    assert.isAbove(outcomes.get("refused") ?? 0, 0)
  })

  it("any text", () => {
    const piece = oneof(
      word,
      constantFrom(": ", "\n", "- ", "{", "}", "[", "]", "&a ", "*a", "!t ", "#", "'", '"', "|")
    )
    FastCheck.assert(
      FastCheck.property(list(piece), list(piece), (left, right) => {
        assert.include(["taken", "refused"], check([...left, ...right].join("")))
      }),
      { numRuns: 400, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true }
    )
  })

  it("chains of names that are long enough to end a stack", () => {
    const chain = Array.from({ length: 10_000 }, (_, index) => `  m${index}: m${index + 1}\n`).join("")
    assert.strictEqual(check(`models:\n${chain}`), "refused")
  })
})

describe("an amount of money in a file", () => {
  const decode = Schema.decodeUnknownEither(BudgetConfig)

  it("is taken exactly where it is whole nano-dollars", () => {
    FastCheck.assert(
      FastCheck.property(integer({ min: 1, max: 1_000_000_000_000_000 }), (nanos) => {
        const usd = Number(Money.formatUsd(Money.NanoDollars.make(nanos)))
        assert.isTrue(Either.isRight(decode({ usd, per: "day" })))
        assert.strictEqual(Money.fromUsd(usd), nanos)
      })
    )
  })
})
