/**
 * The clients that people use, each against every kind of provider: what works with one of them works with all. Prints
 * a table at its end; `docs/clients.md` holds the same.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Agents from "../support/clients/Agents.ts"
import * as AiSdk from "../support/clients/AiSdk.ts"
import * as Anthropic from "../support/clients/Anthropic.ts"
import { type Client, type Feature, picture } from "../support/clients/Client.ts"
import * as LangChain from "../support/clients/LangChain.ts"
import * as OpenAi from "../support/clients/OpenAi.ts"
import * as Stages from "../support/clients/Stages.ts"
import * as Told from "../support/clients/Told.ts"
import * as Steady from "../support/Steady.ts"
import { table } from "../support/Table.ts"
import type * as Upstream from "../support/Upstream.ts"

const clients: ReadonlyArray<Client> = [
  OpenAi.chat,
  OpenAi.responses,
  Anthropic.messages,
  AiSdk.chat,
  AiSdk.responses,
  AiSdk.anthropic,
  AiSdk.compatible,
  LangChain.chat,
  LangChain.responses,
  Agents.chat,
  Agents.responses
]

let theatre: Stages.Theatre
beforeAll(async () => {
  theatre = await Stages.open()
})
afterAll(() => theatre.close())

const { said } = Stages

/** What a client does, and how one sees that it went well. */
interface Act {
  readonly does: string
  readonly feature: Feature
  readonly play: (client: Client, stage: Stages.Stage) => Promise<void>
}

const acts: ReadonlyArray<Act> = [
  {
    does: "text, with its usage",
    feature: "text",
    play: async (client, stage) =>
      assert.deepStrictEqual(await client.text(stage), {
        text: said.text.join(""),
        input: said.input,
        output: said.output
      })
  },
  {
    does: "stream",
    feature: "stream",
    play: async (client, stage) => assert.strictEqual((await client.stream(stage)).join(""), said.text.join(""))
  },
  ...(["tools", "toolsStreamed"] as const).map((how) => ({
    does: how === "tools" ? "tools, in parallel, and their results" : "the same, streamed",
    feature: "tools" as const,
    play: async (client: Client, stage: Stages.Stage) => {
      assert.strictEqual(await client[how](stage), said.weather)
      assert.deepStrictEqual(Told.results(stage.sent()), [
        ["Oslo", "cold in Oslo"],
        ["Rome", "warm in Rome"]
      ])
    }
  })),
  {
    does: "structured output",
    feature: "object",
    play: async (client, stage) => {
      assert.deepStrictEqual(await client.object(stage), said.object)
      if (stage.verbatim) assert.include(JSON.stringify(stage.sent()), '"degrees"')
    }
  },
  {
    does: "image",
    feature: "image",
    play: async (client, stage) => {
      assert.strictEqual(await client.image(stage), said.image)
      if (stage.verbatim) assert.include(JSON.stringify(stage.sent()), picture)
    }
  },
  {
    does: "a refused request is the client's own error",
    feature: "failure",
    play: async (client, stage) => {
      const { message, status, typed } = await client.failure(stage)
      assert.deepStrictEqual([status, typed], [429, true])
      assert.include(message, said.failure)
    }
  },
  {
    does: "a broken stream is an error, and no end",
    feature: "broken",
    play: async (client, stage) => assert.isTrue((await client.broken(stage)).typed)
  },
  {
    does: "who leaves is told to the provider",
    feature: "leave",
    play: async (client, stage) => {
      await client.leave(stage)
      await stage.left?.()
    }
  }
]

/** aimock does not tell whether its client has left. */
const actsWith = (stage: string) => acts.filter(({ feature }) => feature !== "leave" || !stage.startsWith("aimock"))

const isOpenAi = (path: string): boolean => /^\/v1\/(?:chat\/completions|responses)$/.test(path)

/** The requests in OpenAI's words that are not the caller's own, passed on. */
const written: Array<Upstream.Received> = []

const passed = new Map<string, number>()
const cell = (client: Client, stage: string): string => `${client.name} · ${stage}`

for (const client of clients) {
  describe(`${client.name}`, () => {
    for (const name of Stages.stageNames) {
      for (const { does, feature, play } of actsWith(name)) {
        it(`${does} · ${name}`, async () => {
          const stage = theatre.stages.find((each) => each.name === name)!
          assert.isDefined(stage)
          const before = stage.requests.length
          stage.prepare(feature)
          await play(client, stage)
          written.push(...stage.requests.slice(before).filter(({ path }) => isOpenAi(path) && path !== client.path))
          passed.set(cell(client, name), (passed.get(cell(client, name)) ?? 0) + 1)
        }, 10_000)
      }
    }
  })
}

/** After all that was played, so that there is something to judge. */
describe.skipIf(!Steady.present)("OpenAI's description (skipped without it)", () => {
  it("accepts every request that was translated for who speaks OpenAI's APIs", async () => {
    const steady = await Steady.start()
    try {
      assert.isAbove(written.length, clients.length)
      for (const { body, json, path } of written) {
        assert.isNull(await steady.judge(path.replace(/^\/v1/, ""), json), `${path} ${body}`)
      }
    } finally {
      await steady.stop()
    }
  }, 60_000)
})

const root = new URL("../../", import.meta.url)
const catalog = readFileSync(new URL("pnpm-workspace.yaml", root), "utf8")
const versionOf = (name: string): string => new RegExp(`^ +"?${name}"?: (\\S+)$`, "m").exec(catalog)?.[1] ?? "?"

const matrix = (count: (client: Client, stage: string) => number): string =>
  table(
    ["client", "version", "endpoint", ...Stages.stageNames],
    clients.map((client) => [
      client.name,
      versionOf(client.package),
      client.path,
      ...Stages.stageNames.map((stage) => `${count(client, stage)} of ${actsWith(stage).length}`)
    ])
  )

afterAll(() => {
  console.log(matrix((client, stage) => passed.get(cell(client, stage)) ?? 0))
})

describe("docs/clients.md", () => {
  it("holds the table of this suite, and what is played", () => {
    const doc = readFileSync(new URL("docs/clients.md", root), "utf8")
    for (const line of [matrix((_, stage) => actsWith(stage).length), ...acts.map(({ does }) => `- ${does}\n`)]) {
      assert.include(doc, line)
    }
  })
})
