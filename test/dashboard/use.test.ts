/** The dashboard as a person works with it: models and tools are tried, keys made, runs followed and answered. */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Browser as Chromium, Page } from "playwright-core"
import { fixture } from "../../packages/gateway/test/mcp/hub.ts"
import * as Browser from "../support/Browser.ts"
import * as Penstock from "../support/Penstock.ts"
import * as Raw from "../support/Raw.ts"
import * as Upstream from "../support/Upstream.ts"
import * as Wire from "../support/Wire.ts"

const adminKey = "admin-of-the-test"

const config = (upstream: string) => `
server: { auth: keys }
keys: [{ name: declared, key: "key-of-declared" }]
providers:
  steady: { protocol: openai, base_url: "${upstream}/v1", api_key: none, pricing: { input: 1, output: 2 } }
pricing: { overrides: { "steady/dear": { input: 1000000, output: 1000000 } } }
budget: { usd: 100, per: total }
routes: []
mcp:
  servers:
    bench: { command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(fixture)}] }
`

const ask = `name: ask
description: Drafts something and asks whether it may go out
inputs: { topic: string, count?: integer }
steps:
  - { id: draft, type: llm, model: steady/small, prompt: "About \${input.topic}", output: text }
  - { id: ok, type: approve, prompt: "\${text}", output: said }
  - { id: keep, type: set, values: { text: "\${text}" }, output: kept }
output: "\${kept.text}"
`

const tiny = `name: tiny
steps: [{ id: a, type: set, values: { b: 1 }, output: o }]
output: o
`

const wrong = `name: wrong
steps: [{ id: a, type: llm, model: demo/echo, prompt: "\${nobody}", output: x }]
output: x
`

const hostile = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1">`

let browser: Chromium
let upstream: Upstream.Upstream
let penstock: Penstock.Penstock
let cwd: string

beforeAll(async () => {
  upstream = await Upstream.start()
  cwd = Penstock.temporaryFolder()
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(path.join(cwd, "workflows/ask.yaml"), ask)
  fs.writeFileSync(path.join(cwd, "workflows/wrong.yaml"), wrong)
  fs.writeFileSync(path.join(cwd, "workflows/tiny.yaml"), tiny)
  ;[browser, penstock] = await Promise.all([
    Browser.launch(),
    Penstock.start({ cwd, config: config(upstream.url), env: { PENSTOCK_ADMIN_KEY: adminKey } })
  ])
}, 120_000)

afterAll(async () => {
  await browser.close()
  await penstock.stop()
  await upstream.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

/** To whoever chats: the page asks for the models besides, whenever it likes. */
const answering = (answer: Upstream.Answer) =>
  upstream.always((request) => (request.path.endsWith("/chat/completions") ? answer : Upstream.ordinary(request)))

afterEach(() => upstream.always(undefined))

const refusals = [/401 \(Unauthorized\)/]

const signIn = async (page: Page, key = adminKey) => {
  await page.getByLabel("Admin key").fill(key)
  await page.getByRole("button", { name: "Sign in" }).click()
}

/** As the admin. */
const look = (to: string, use: (page: Page) => Promise<void>, expected: ReadonlyArray<RegExp> = []) =>
  Browser.look(
    browser,
    `${penstock.url}/dashboard${to}`,
    async (page) => {
      await signIn(page)
      // The key is tried before it is kept: who goes elsewhere until then is asked for it again.
      await page.getByRole("button", { name: "Sign out" }).waitFor()
      await use(page)
    },
    { expected: [...refusals, ...expected] }
  )

const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()

describe("signing in", () => {
  it("says that a key is wrong, that it is not the admin's, and that it was changed meanwhile", () =>
    look(
      "",
      async (page) => {
        await page.getByRole("heading", { name: "Overview" }).waitFor()
        await page.getByRole("button", { name: "Sign out" }).click()
        await signIn(page, "nonsense")
        await page.getByRole("alert").waitFor()
        await signIn(page, "key-of-declared")
        await page.getByRole("alert").getByText("This is for the admin").waitFor()
        await signIn(page)
        await page.getByRole("heading", { name: "Overview" }).waitFor()
        await page.evaluate(`sessionStorage.setItem("penstock.key", "expired")`)
        await page.reload()
        await page.getByRole("alert").waitFor()
        await page.getByLabel("Admin key").waitFor()
      },
      [/403 \(Forbidden\)/]
    ))
})

describe("the playground", () => {
  it("shows an answer as it streams, as text, and what it cost", () =>
    look("/playground", async (page) => {
      const gate = Upstream.gate()
      const [first = "", ...rest] = Wire.openaiStream({ text: [hostile, " and more of it"] }, true)
      answering(Upstream.eventStream(first, ...rest.slice(0, 1), gate.opened, ...rest.slice(1)))
      await page.getByRole("combobox", { name: /^Model/ }).fill("steady/small")
      await page.getByLabel("Prompt", { exact: true }).fill(hostile)
      await page.getByRole("button", { name: "Send" }).click()
      const answer = page.getByRole("log")
      await answer.getByText("<").waitFor()
      await page.getByRole("button", { name: "Stop" }).waitFor()
      gate.open()
      await answer.getByText(/and more of it/).waitFor()
      await shows(page, /steady\/small, \d+ tokens/)
      await page.getByRole("link", { name: "Details" }).waitFor()
      await Browser.picture(page, "playground")
    }))

  it("says why a model does not answer: before it began, in the midst of it, for want of money, a name or a key", () =>
    look(
      "/playground",
      async (page) => {
        const says = async (model: string, message: string | RegExp) => {
          await page.getByRole("combobox", { name: /^Model/ }).fill(model)
          await page.getByRole("textbox", { name: /^Prompt/ }).fill("hello")
          await page.getByRole("button", { name: "Send" }).click()
          await page.getByRole("alert").getByText(message).waitFor()
        }
        answering({ status: 400, body: Wire.openaiError("too much <b>bold</b>") })
        await says("steady/small", "too much <b>bold</b>")
        const [first = "", second = ""] = Wire.openaiStream({ text: ["half an answer", " and"] })
        answering(Upstream.eventStream(first, second, Wire.sse(Wire.openaiError(hostile))))
        await says("steady/small", /<script>/)
        await page.getByRole("log").getByText("half an answer").waitFor()
        await says("nobody", /No route for the model "nobody"/)
        await says("steady/dear", /budget/)
        await page.route("**/v1/chat/completions", (route) =>
          route.continue({ headers: { ...route.request().headers(), authorization: "Bearer expired" } })
        )
        await page.getByRole("button", { name: "Send" }).click()
        await page.getByLabel("Admin key").waitFor()
        await page.getByRole("alert").waitFor()
      },
      [/400 \(Bad Request\)/, /404 \(Not Found\)/, /402 \(Payment Required\)/, /429 \(Too Many Requests\)/]
    ))
})

describe("runs", () => {
  it("are started from a form, followed as they go, and approved from the page", () =>
    look("/playground", async (page) => {
      await page.getByLabel(/topic/).fill("rivers")
      await page.getByRole("button", { name: "Run", exact: true }).click()
      await page.getByRole("heading", { name: "Approve ok?" }).waitFor()
      await page.getByRole("group", { name: /^draft, llm, succeeded/ }).waitFor()
      await Browser.picture(page, "run")
      await page.getByRole("button", { name: "Approve" }).click()
      await page.getByRole("group", { name: /^keep, set, succeeded/ }).waitFor()
      await page.getByRole("heading", { name: "Output of the run" }).waitFor()
      await page.getByRole("button", { name: "Run again with this input" }).click()
      await page.getByRole("button", { name: "Reject" }).click()
      await page.locator(".figures").getByText("rejected").waitFor()
    }))

  it("are cancelled from the page, and listed", () =>
    look("/runs", async (page) => {
      const { json } = await Raw.send(`${penstock.url}/v1/workflows/ask/runs`, {
        body: { input: { topic: "lakes" } },
        headers: { authorization: `Bearer ${adminKey}` }
      })
      await page
        .getByRole("row", { name: /waiting/ })
        .getByRole("link")
        .first()
        .click()
      await page.waitForURL(new RegExp(json.run_id))
      await page.getByRole("button", { name: "Cancel" }).click()
      await page.locator(".figures").getByText("cancelled").waitFor()
    }))
})

const auth = { authorization: `Bearer ${adminKey}` }

const startAsk = async (topic: string): Promise<string> => {
  const { json } = await Raw.send(`${penstock.url}/v1/workflows/ask/runs`, {
    body: { input: { topic } },
    headers: auth
  })
  return json.run_id
}

describe("a run", () => {
  it("shows tokens of a step while it streams, and then what the step gave", async () => {
    const [opening = "", token = "", ...rest] = Wire.openaiStream({ text: ["flowing ", hostile] }, true)
    const progress = { hasSeen: false }
    // Tokens are told live only: they go on until the page has had one.
    function* untilSeen() {
      yield opening
      for (let count = 0; count < 200 && !progress.hasSeen; count++) yield* [token, 50]
      yield* rest
    }
    answering({ ...Upstream.eventStream(), body: { [Symbol.iterator]: untilSeen } })
    await look("/runs", async (page) => {
      const id = await startAsk("streams")
      await page.goto(`${penstock.url}/dashboard/runs/${id}`)
      const streaming = page.getByRole("region", { name: "Streaming" })
      await streaming.getByText("flowing").waitFor()
      await page.getByRole("group", { name: /^draft, llm, running/ }).waitFor()
      progress.hasSeen = true
      await page.getByRole("heading", { name: "Approve ok?" }).waitFor()
      await page.getByRole("button", { name: "draft", exact: true }).click()
      await page
        .getByRole("region", { name: "Output", exact: true })
        .getByText(/flowing <script>/)
        .waitFor()
    })
  })

  it("is drawn as it was when it began, whatever became of its file", async () => {
    const file = path.join(cwd, "workflows/brief.yaml")
    const brief = (id: string) =>
      `name: brief\nsteps: [{ id: ${id}, type: set, values: { a: 1 }, output: o }]\noutput: o\n`
    fs.writeFileSync(file, brief("before"))
    const started = async () => {
      for (let tries = 0; tries < 100; tries++) {
        const sent = { body: { input: {} }, headers: auth }
        const { json, status } = await Raw.send(`${penstock.url}/v1/workflows/brief/runs`, sent)
        if (status === 202) return String(json.run_id)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error("the file is not read")
    }
    const id = await started()
    fs.writeFileSync(file, brief("afterwards"))
    await look("/workflows", async (page) => {
      await page.goto(`${penstock.url}/dashboard/runs/${id}`)
      await page.getByRole("group", { name: /^before, set, succeeded/ }).waitFor()
      fs.rmSync(file)
      await page.reload()
      await page.getByRole("group", { name: /^before, set, succeeded/ }).waitFor()
    })
  })
})

describe("the list of runs", () => {
  it("is filtered, keeps its filter in the address, and turns its pages", async () => {
    for (let count = 0; count < 51; count++) {
      const { json } = await Raw.send(`${penstock.url}/v1/workflows/tiny/runs`, { body: { input: {} }, headers: auth })
      assert.isString(json.run_id)
    }
    await look("/runs", async (page) => {
      await page.getByRole("combobox", { name: "Workflow" }).selectOption("tiny")
      await page.waitForURL(/workflow=tiny/)
      await shows(page, "Page 1, 50 runs")
      await page.getByRole("button", { name: "Older" }).click()
      await shows(page, "Page 2, 1 run")
      await page.getByRole("button", { name: "Newer" }).click()
      await shows(page, "Page 1, 50 runs")
      await page.getByRole("combobox", { name: "Status" }).selectOption("rejected")
      await shows(page, "No run is like that")
      await page.getByRole("link", { name: "Show all runs" }).click()
      await page.waitForURL(/runs$/)
      await shows(page, "Page 1, 50 runs")
    })
  })
})

describe("workflows", () => {
  it("are checked against what the server knows, and say that nothing is saved", () =>
    look("/workflows/ask", async (page) => {
      await shows(page, /Checked against this server/)
      await shows(page, /never saved/)
      const text = page.getByRole("textbox", { name: "The workflow’s text" })
      const far = "  - { id: far, type: mcp_tool, server: bnech, tool: echo, params: {}, output: x }"
      await text.press("Control+Home")
      for (let line = 0; line < 3; line++) await text.press("ArrowDown")
      await text.press("End")
      await text.press("Enter")
      // In place of what the editor indents by.
      await text.press("Shift+Home")
      await text.pressSequentially(far)
      await shows(page, /there is no MCP server "bnech"/)
      await shows(page, "not saved")
      assert.notInclude(fs.readFileSync(path.join(cwd, "workflows/ask.yaml"), "utf8"), "bnech")
    }))

  it("are shown with the checker's findings in place, again after every change", () =>
    look("/workflows", async (page) => {
      await page.getByRole("link", { name: "wrong" }).click()
      await shows(page, /line 2/)
      assert.isAtLeast(await page.locator(".cm-lintRange-error").count(), 1)
      const text = page.getByRole("textbox", { name: "The workflow’s text" })
      await text.press("Control+End")
      await text.pressSequentially("colour: red")
      await shows(page, /line 4: /)
      await Browser.picture(page, "workflow")
    }))
})

describe("keys", () => {
  it("are made, shown once, rotated and disabled", () =>
    look("/keys", async (page) => {
      await page.getByRole("textbox", { name: /^Name/ }).fill("bob")
      await page.getByLabel("Budget, USD").fill("2.5")
      await page.getByRole("button", { name: "Make the key" }).click()
      const secret = (await page.locator(".secret").textContent()) ?? ""
      await page.getByRole("button", { name: "I have it" }).click()
      assert.strictEqual((await page.content()).includes(secret), false)
      const row = page.getByRole("row", { name: /bob/ })
      await row.getByText("$2.50 per day").waitFor()
      await Browser.picture(page, "keys")
      await page.getByRole("button", { name: "Rotate bob" }).click()
      assert.notStrictEqual(await page.locator(".secret").textContent(), secret)
      await page.getByRole("button", { name: "I have it" }).click()
      await page.getByRole("button", { name: "Disable bob" }).click()
      await row.getByText("disabled").waitFor()
      await row.getByRole("button", { name: "Delete" }).click()
      await row.getByRole("button", { name: "Really?" }).click()
      await row.waitFor({ state: "detached" })
    }))
})

describe("MCP", () => {
  it("shows servers and their tools, and calls one from a form", () =>
    look("/mcp", async (page) => {
      await page.getByRole("button", { name: "Tools of bench" }).click()
      await page.getByRole("combobox", { name: /^Tool/ }).selectOption("echo")
      await page.getByLabel(/said/).fill(hostile)
      await page.getByRole("button", { name: "Call" }).click()
      await page
        .getByRole("region", { name: "Result of the call" })
        .getByText(/<script>/)
        .waitFor()
      await Browser.picture(page, "mcp")
    }))

  it("bounds what a tool floods the page with", () =>
    look("/mcp", async (page) => {
      await page.getByRole("button", { name: "Tools of bench" }).click()
      await page.getByRole("combobox", { name: /^Tool/ }).selectOption("flood")
      await page.getByLabel(/bytes/).fill("1000000")
      await page.getByRole("button", { name: "Call" }).click()
      await shows(page, /more characters/)
    }))
})

describe("a server that is gone", () => {
  it("is said to be, and the page goes on when it is back", async () => {
    const look = Browser.look
    const folder = Penstock.temporaryFolder()
    const providers = `providers: { steady: { protocol: openai, base_url: "${upstream.url}/v1", api_key: none } }\n`
    const first = await Penstock.start({ cwd: folder, config: providers })
    const port = new URL(first.url).port
    const again: Array<Penstock.Penstock> = []
    try {
      await look(
        browser,
        `${first.url}/dashboard`,
        async (page) => {
          await page.getByRole("heading", { name: "Providers" }).waitFor()
          const ask = async () => {
            await page.getByRole("textbox", { name: /^Prompt/ }).fill("hello")
            await page.getByRole("button", { name: "Send" }).click()
          }
          const [opening = "", words = ""] = Wire.openaiStream({ text: ["it begins", " and"] })
          answering(Upstream.eventStream(opening, words, Upstream.hang))
          await page.getByRole("link", { name: "Playground" }).click()
          await page.getByRole("combobox", { name: /^Model/ }).fill("steady/small")
          await ask()
          await page.getByRole("log").getByText("it begins").waitFor()
          await first.stop("SIGKILL")
          await page.getByRole("alert").getByText("The server does not answer").waitFor()
          await page.getByRole("log").getByText("it begins").waitFor()
          await ask()
          await page.getByRole("alert").getByText("The server does not answer").waitFor()
          await page.getByRole("link", { name: "Overview" }).click()
          await page.getByRole("status").getByText("The server does not answer").waitFor()
          again.push(await Penstock.start({ cwd: folder, config: providers, port: Number(port) }))
          await page.getByRole("status").getByText("The server does not answer").waitFor({ state: "detached" })
          await page.getByRole("row", { name: /steady.*ready/ }).waitFor()
        },
        {
          expected: [
            /ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/
          ]
        }
      )
    } finally {
      for (const server of again) await server.stop()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })
})
