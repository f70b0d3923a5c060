/**
 * A real browser on the real page. Chromium comes from npm as a file that is unpacked once; playwright-core drives it.
 * A page that reports an error, or tries to run what its policy forbids, fails the test that opened it.
 */
import { assert } from "@effect/vitest"
import chromium from "@sparticuz/chromium"
import axe from "axe-core"
import * as path from "node:path"
import { type Browser, chromium as launcher, type BrowserContextOptions, type Page } from "playwright-core"
import { build } from "../../packages/dashboard/build.mjs"

/** A page waits for what it shows; nothing on loopback takes as long as this. */
const patienceMillis = 10_000

export const launch = async (): Promise<Browser> => {
  if (build() !== 0) throw new Error("the dashboard does not build")
  return launcher.launch({
    executablePath: await chromium.executablePath(),
    // What a container needs, and nothing that would make a page safer or less safe than elsewhere.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none"],
    headless: true
  })
}

interface Opened {
  readonly page: Page
  /** What the page wrote to the console as an error or warning, threw, or was kept from by its policy. */
  readonly complaints: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

const open = async (browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: "reduce",
    ...options
  })
  context.setDefaultTimeout(patienceMillis)
  const page = await context.newPage()
  const complaints: Array<string> = []
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol.startsWith("http") && origin !== new URL(url).origin) complaints.push(`asked ${origin} for something`)
  })
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}

interface Violation {
  readonly id: string
  readonly impact: string | null
  readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>
}

declare const window: {
  readonly axe: { readonly run: () => Promise<{ readonly violations: ReadonlyArray<Violation> }> }
}

/** Serious and critical findings about who can use the page, in a readable form. */
const barriers = async (page: Page): Promise<ReadonlyArray<string>> => {
  // Evaluated by the debugger, which no policy concerns.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => window.axe.run())
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ failureSummary, html }) => `${html}\n${failureSummary}`).join("\n")}`
    )
}

export interface LookOptions {
  readonly context?: BrowserContextOptions
  /** What the browser itself reports, where a test provokes it. */
  readonly expected?: ReadonlyArray<RegExp>
}

/** Looks at a page, and asserts that nobody is kept out of it, that it has nothing to complain about and ran no stranger's script. */
export const look = async (
  browser: Browser,
  url: string,
  use: (page: Page) => Promise<void>,
  { context = {}, expected = [] }: LookOptions = {}
): Promise<void> => {
  const { close, complaints, page } = await open(browser, url, context)
  try {
    await use(page).catch((error: unknown) => {
      throw new Error([String(error), ...complaints].join("\n"), { cause: error })
    })
    assert.deepStrictEqual(await barriers(page), [])
    assert.deepStrictEqual(
      complaints.filter((text) => !expected.some((known) => known.test(text))),
      []
    )
    assert.isUndefined(await page.evaluate("window.hacked"))
  } finally {
    await close()
  }
}

const pictures = path.resolve(import.meta.dirname, "../../docs/screenshots")

/** Keeps a picture for the documentation, when that is what the tests are run for: `npm run screenshots`. */
export const picture = async (page: Page, name: string): Promise<void> => {
  if (import.meta.env?.["MODE"] !== "screenshots") return
  await page.screenshot({ path: path.join(pictures, `${name}.png`) })
}
