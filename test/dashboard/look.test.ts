/** The dashboard as a person looks at it: pages with what really happened, kept up to date, for everybody. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Browser as Chromium, Page } from "playwright-core"
import * as Browser from "../support/Browser.ts"
import * as Penstock from "../support/Penstock.ts"
import * as Raw from "../support/Raw.ts"
import * as Upstream from "../support/Upstream.ts"

const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`

const config = (upstream: string) => `
budget: { usd: 5, per: day }
providers:
  steady: { protocol: openai, base_url: "${upstream}/v1", api_key: none, pricing: { input: 1, output: 2 } }
  broken: { protocol: openai, base_url: "http://127.0.0.1:9/v1", api_key: none, pricing: { input: 1, output: 2 } }
models:
  fast: { targets: [broken/small, steady/small], retry: { max: 0 }, breaker: { failures: 2, window: 60s, cooldown: 60s } }
pricing: { overrides: { "steady/large": { input: 10, output: 20 } } }
mcp:
  servers:
    web:
      command: ${JSON.stringify(process.execPath)}
      args: [${JSON.stringify(path.resolve(import.meta.dirname, "../support/web.mjs"))}]
      env: { DESCRIPTION: ${JSON.stringify(hostile)} }
`

const ask = `name: ask
inputs: { topic: string }
steps:
  - { id: draft, type: llm, model: steady/small, prompt: "About \${input.topic}", output: text }
  - { id: ok, type: approve, prompt: "\${text}", output: said }
output: "\${text}"
`

/** Words of whoever wrote the file, in its description and in what the checker says of it. */
const odd = `name: odd
description: ${JSON.stringify(hostile)}
steps: [{ id: say, type: ${JSON.stringify(hostile)}, output: said }]
output: said
`

const cwd = Penstock.temporaryFolder()
let browser: Chromium
let upstream: Upstream.Upstream
let penstock: Penstock.Penstock

const chat = (model: string) =>
  Raw.chat(penstock.url, { model, messages: [{ role: "user", content: hostile }], max_tokens: 50 })

beforeAll(async () => {
  upstream = await Upstream.start()
  fs.mkdirSync(path.join(cwd, "workflows"))
  fs.writeFileSync(path.join(cwd, "workflows/ask.yaml"), ask)
  fs.writeFileSync(path.join(cwd, "workflows/odd.yaml"), odd)
  ;[browser, penstock] = await Promise.all([Browser.launch(), Penstock.start({ cwd, config: config(upstream.url) })])
  for (let round = 0; round < 3; round++) await chat("fast")
  await chat("steady/small")
  await chat(hostile)
}, 120_000)

afterAll(async () => {
  await browser.close()
  await penstock.stop()
  await upstream.close()
  fs.rmSync(cwd, { recursive: true, force: true })
})

const look = (to: string, use: (page: Page) => Promise<void>, options: Browser.LookOptions = {}) =>
  Browser.look(browser, `${penstock.url}/dashboard${to}`, use, options)

const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()

describe("the files of the page", () => {
  it("allow no script but their own and no other origin, and are kept as long as they are named", async () => {
    const page = await Raw.send(`${penstock.url}/dashboard`)
    const policy = String(page.headers["content-security-policy"])
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/)
    assert.notMatch(policy, /unsafe|https?:|\*/)
    assert.strictEqual(page.headers["cache-control"], "no-cache")
    assert.notMatch(page.body, /<script(?![^>]* src=)|<style| style=/)
    const [, script = ""] = /src="(\/dashboard\/assets\/[^"]+\.js)"/.exec(page.body) ?? []
    const file = await Raw.send(`${penstock.url}${script}`)
    assert.strictEqual(file.headers["cache-control"], "public, max-age=31536000, immutable")
    for (const path of ["nothing.js", "..%2findex.html", "../index.html", "%00"]) {
      const { body, status } = await Raw.send(`${penstock.url}/dashboard/assets/${path}`)
      assert.isTrue(status === 404 || body === page.body, path)
    }
  })

  it("are not for pages that have a name of their own point here", async () => {
    const { json, status } = await Raw.send(`${penstock.url}/dashboard`, { headers: { host: "evil.test" } })
    assert.deepStrictEqual([status, json.error.param], [403, "host"])
    const asked = await Raw.send(`${penstock.url}/v1/keys`, { headers: { origin: "https://evil.test" } })
    assert.deepStrictEqual([asked.status, asked.json.error.param], [403, "origin"])
  })
})

describe("the overview", () => {
  it("shows requests, spend against budget, latency, and providers with their breakers", () =>
    look("", async (page) => {
      await shows(page, /of \$5\.00 per day/)
      await shows(page, /small: open, 2 failures/)
      await page.getByRole("row", { name: /steady.*ready/ }).waitFor()
      await page.getByRole("figure", { name: /Requests and errors/ }).waitFor()
      await Browser.picture(page, "overview")
    }))

  it("goes on by itself while requests arrive", () =>
    look("", async (page) => {
      const figure = page.locator(".figure", { hasText: "Requests" }).locator("dd").first()
      await figure.waitFor()
      const before = Number(await figure.textContent())
      await chat("steady/small")
      await page
        .locator(".figure dd")
        .first()
        .getByText(String(before + 1), { exact: true })
        .waitFor()
    }))

  it("is usable in the dark and on a phone", () =>
    look(
      "",
      async (page) => {
        await shows(page, /of \$5\.00 per day/)
        assert.isAtMost(await page.evaluate<number>("document.documentElement.scrollWidth"), 390)
        await Browser.picture(page, "overview-phone-dark")
      },
      { context: { viewport: { width: 390, height: 844 }, colorScheme: "dark" } }
    ))
})

describe("costs", () => {
  it("are summed by what one likes, and compared with a baseline", () =>
    look("/costs", async (page) => {
      await page.getByRole("region", { name: "Costs by model" }).getByText("small").first().waitFor()
      await page.getByLabel("Baseline model").fill("steady/large")
      await shows(page, "Saved against baseline")
      await shows(page, "On steady/large")
      await page.getByRole("combobox", { name: /^By/ }).selectOption("provider")
      await page.getByRole("region", { name: "Costs by provider" }).getByText("steady").first().waitFor()
      await Browser.picture(page, "costs")
    }))

  it("say what is wrong with a baseline that has no price", () =>
    look(
      "/costs",
      async (page) => {
        await page.getByLabel("Baseline model").fill("nobody/knows")
        await shows(page, /the price of `nobody\/knows` is not known/)
      },
      { expected: [/400 \(Bad Request\)/] }
    ))
})

describe("requests", () => {
  it("are listed, filtered and opened, with every attempt and the routing explained", () =>
    look("/requests", async (page) => {
      await page.getByLabel("Provider", { exact: true }).fill("steady")
      await page.keyboard.press("Enter")
      await page.waitForURL(/provider=steady/)
      await page.getByRole("row", { name: /fast/ }).last().getByRole("link").click()
      await page.getByRole("heading", { name: "Attempts" }).waitFor()
      assert.strictEqual(await page.locator(".waterfall li").count(), 2)
      await page.getByRole("region", { name: "Candidates for this model" }).getByText("broken/small").waitFor()
      await Browser.picture(page, "request")
    }))

  it("are downloaded as CSV", () =>
    look("/requests?provider=steady", async (page) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download as CSV" }).click()
      ])
      assert.strictEqual(download.suggestedFilename(), "requests.csv")
    }))

  it("show hostile text as text", () =>
    look("/requests?status=error", async (page) => {
      await shows(page, /<img src=x onerror/)
    }))
})

describe("hostile and giant texts", () => {
  it("are text, and cut, on every page that shows them", async () => {
    const giant = `${hostile}${"x".repeat(60_000)}`
    upstream.always((request) => Upstream.ordinary(request, { text: [giant] }))
    const model = `steady/${hostile}`
    const failed = await Raw.chat(penstock.url, { model, messages: [] })
    assert.isAtLeast(failed.status, 400)
    const asked = await Raw.chat(penstock.url, { model, messages: [{ role: "user", content: giant }] })
    const run = { body: { input: { topic: giant } } }
    const id = (await Raw.send(`${penstock.url}/v1/workflows/ask/runs`, run)).json.run_id
    const shown = /<img src=x onerror/
    await look(`/runs/${id}`, async (page) => {
      await page.getByRole("region", { name: "What is asked" }).getByText(shown).waitFor()
      await page.getByRole("region", { name: "Input" }).getByText(shown).waitFor()
      await page.getByRole("button", { name: "draft", exact: true }).click()
      await page.getByRole("region", { name: "Output", exact: true }).getByText(shown).waitFor()
      await page.getByRole("button", { name: "Approve" }).click()
      await page.getByRole("region", { name: "Output of the run" }).getByText(shown).waitFor()
      assert.isBelow((await page.content()).length, 200_000)
      const menu = page.getByRole("navigation")
      await menu.getByRole("link", { name: "Requests" }).click()
      await page.getByRole("cell").getByText(shown).first().waitFor()
      await page.locator(`a[href$="${asked.headers["x-request-id"]}"]`).click()
      await page.getByRole("heading", { name: "The request" }).waitFor()
      await shows(page, shown)
      await menu.getByRole("link", { name: "Costs" }).click()
      await shows(page, shown)
      await menu.getByRole("link", { name: "Playground" }).click()
      await page.getByRole("combobox", { name: /^Model/ }).fill("steady/small")
      await page.getByRole("textbox", { name: /^Prompt/ }).fill(hostile)
      await page.getByRole("button", { name: "Send" }).click()
      await page
        .getByRole("log")
        .getByText(/more characters/)
        .waitFor()
    })
  })
})

describe("names and descriptions that others wrote", () => {
  it("are text: a key's models, what is wrong with a workflow, what a tool is for", async () => {
    const make = (key: { readonly [field: string]: unknown }) => Raw.send(`${penstock.url}/v1/keys`, { body: key })
    assert.strictEqual((await make({ name: hostile })).status, 400)
    assert.strictEqual((await make({ name: "odd", models: [hostile] })).status, 201)
    const shown = /<img src=x onerror/
    await look("", async (page) => {
      await shows(page, shown)
      const menu = page.getByRole("navigation")
      await menu.getByRole("link", { name: "Keys" }).click()
      await page.getByRole("heading", { name: "Keys" }).first().waitFor()
      await page.getByRole("row", { name: shown }).waitFor()
      await menu.getByRole("link", { name: "MCP" }).click()
      await page.getByRole("button", { name: "Tools of web" }).click()
      await page.getByRole("combobox", { name: /^Tool/ }).selectOption("search")
      await shows(page, shown)
    })
    await look("/workflows/odd", (page) =>
      page
        .getByText(/there is no step type "<img src=x onerror/)
        .first()
        .waitFor()
    )
  })
})

describe("the keyboard", () => {
  it("reaches every page and everything on it, in order, and shows where it is", () =>
    look("", async (page) => {
      await page.getByRole("heading", { name: "Overview" }).waitFor()
      await page.keyboard.press("Tab")
      const focused = () => page.evaluate<string>("document.activeElement.textContent")
      const reached: Array<string> = []
      for (let step = 0; step < 12; step++) {
        reached.push(await focused())
        await page.keyboard.press("Tab")
      }
      assert.includeMembers(reached, [
        "Overview",
        "Costs",
        "Requests",
        "Playground",
        "Runs",
        "Workflows",
        "Keys",
        "MCP"
      ])
      await page.getByRole("link", { name: "Costs" }).focus()
      await page.keyboard.press("Enter")
      await page.getByRole("heading", { name: "Costs" }).waitFor()
      assert.strictEqual(await page.evaluate("document.activeElement.id"), "content")
    }))
})
