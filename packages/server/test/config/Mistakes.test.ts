import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { position, renderError } from "@penstock/server/config/ConfigIssue"
import { assembled } from "./Assemble.ts"
import { mcpMistakes } from "./McpMistakes.ts"
import { mistakes } from "./Mistakes.ts"
import { moreMistakes } from "./MoreMistakes.ts"
import { policyMistakes } from "./PolicyMistakes.ts"
import { workflowMistakes } from "./WorkflowMistakes.ts"

describe("every kind of mistake is told with its place and what to do", () => {
  for (const mistake of [...mistakes, ...moreMistakes, ...policyMistakes, ...mcpMistakes, ...workflowMistakes]) {
    it.effect(mistake.name, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.asVoid(assembled(mistake)))
        assert.strictEqual(error.issues.length, 1, error.message)
        const issue = error.issues[0]!
        const place = /^\d/.test(mistake.at) ? `penstock.yaml:${mistake.at}` : mistake.at
        assert.strictEqual(position(issue), place)
        assert.strictEqual(issue.path, mistake.path)
        assert.include(issue.message, mistake.message)
        if (mistake.hint !== undefined) assert.include(issue.hint ?? "", mistake.hint)
      })
    )
  }

  it.effect("all mistakes of a file are told at once, in its order", () =>
    Effect.gen(function* () {
      const yaml = [
        "server:",
        "  prot: 1",
        "  auth: nope",
        "providers:",
        "  mine: {protocol: openai}",
        "models:",
        "  a: {targets: 5}",
        "  b: a",
        "  c: opnai/x",
        "routes:",
        "  - {match: ['*'], provider: nobody}"
      ].join("\n")
      const error = yield* Effect.flip(assembled({ yaml }))
      assert.deepStrictEqual(
        error.issues.map((issue) => `${issue.line} ${issue.path}`),
        [
          "2 server.prot",
          "3 server.auth",
          "5 providers.mine",
          "7 models.a.targets",
          "9 models.c",
          "11 routes[0].provider"
        ]
      )
    })
  )

  it.effect("what stands behind a wrong entry of a list is told at its own place", () =>
    Effect.gen(function* () {
      const yaml = [
        "keys:",
        "  - {name: 5, key: aaaaaaaa}",
        "  - {name: bob, key: bbbbbbbb, budget: {usd: 1, per: run}}",
        "budget: {usd: -1, per: day}"
      ].join("\n")
      const error = yield* Effect.flip(assembled({ yaml }))
      assert.deepStrictEqual(
        error.issues.map((issue) => `${issue.line}:${issue.column} ${issue.path}`),
        ["2:12 keys[0].name", "4:15 budget.usd"]
      )
      const rest = yield* Effect.flip(assembled({ yaml: yaml.split("\n").slice(0, 3).join("\n") }))
      assert.deepStrictEqual(
        rest.issues.map((issue) => `${issue.line}:${issue.column} ${issue.path}`),
        ["2:12 keys[0].name", "3:54 keys[1].budget.per"]
      )
    })
  )

  it.effect("the printed form shows the line and points at the column", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(assembled({ yaml: "server:\n  port: 80\n  auth: key\nkeys: []\n" }))
      assert.strictEqual(
        renderError(error),
        [
          'error: server.auth: expected one of none, keys, found "key"',
          "  --> penstock.yaml:3:9",
          "  2 |   port: 80",
          "> 3 |   auth: key",
          "    |         ^",
          "  4 | keys: []",
          '  help: did you mean "keys"?',
          "",
          "The configuration has 1 error."
        ].join("\n")
      )
    })
  )
})

describe("no error shows a secret", () => {
  const secret = "hunter2-hunter2"
  const cases: ReadonlyArray<readonly [name: string, yaml: string]> = [
    ["beside the mistake", `keys:\n  - {name: 5, key: ${secret}}\n`],
    ["above the mistake", `providers:\n  openai:\n    api_key: ${secret}\n    oops: 1\n`],
    ["as a wrong value", `server: {admin_key: [${secret}]}\n`],
    ["of several lines", `providers:\n  openai:\n    api_key: |\n      ${secret}\n      ${secret}\n    x: 1\n`],
    ["in a header", `providers:\n  openai:\n    headers:\n      cookie: ${secret}\n      5: 5\n`],
    ["under a misspelled key", `providers:\n  openai: {apikey: ${secret}}\n`],
    ["in a file that is no YAML", `providers:\n  openai: {api_key: "${secret}\n`],
    ["in an address", `providers:\n  openai: {base_url: "http://me:${secret}@host", x: 1}\n`],
    ["from a variable", "server: {port: '${env.SECRET}'}\n"]
  ]
  for (const [name, yaml] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(assembled({ yaml, env: { SECRET: secret } }))
        assert.notInclude(renderError(error), "hunter2")
        assert.notInclude(error.message, "hunter2")
        assert.notInclude(JSON.stringify(error), "hunter2")
      })
    )
  }
})
