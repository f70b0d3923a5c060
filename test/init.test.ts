/** `penstock init`, as people and scripts run it. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = Penstock.temporaryFolder()
  try {
    await use(folder)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

const env = { OLLAMA_BASE_URL: "http://127.0.0.1:9" }
const messages = [{ role: "user", content: "hello" }]

describe("penstock init", () => {
  it("writes a file that config accepts and that a server answers with", () =>
    withFolder(async (cwd) => {
      const made = await Penstock.run(["init", "--yes", "--budget", "2.5"], { cwd, env })
      assert.strictEqual(made.code, 0, made.stderr)
      assert.match(made.stdout, /^Wrote penstock\.yaml/)
      const config = await Penstock.run(["config", "--format", "json"], { cwd, env })
      assert.strictEqual(config.stderr, "")
      assert.deepStrictEqual(JSON.parse(config.stdout).budget, { usd: 2.5, per: "day" })
      const server = await Penstock.start({ cwd, env })
      const answer = await Raw.chat(server.url, { model: "default", messages })
      assert.strictEqual(answer.json.choices[0].message.content, "hello")
      await server.stop()
    }))

  it("with keys makes the secrets once, puts them into .env alone, and lets in who has one", () =>
    withFolder(async (cwd) => {
      fs.writeFileSync(path.join(cwd, ".env"), "PENSTOCK_ADMIN_KEY=mine-already\n")
      const made = await Penstock.run(["init", "-y", "--auth", "keys", "--format", "json"], { cwd, env })
      assert.strictEqual(made.code, 0, made.stderr)
      assert.deepStrictEqual(JSON.parse(made.stdout), { file: "penstock.yaml", secrets: ["PENSTOCK_KEY"] })
      const dotenv = fs.readFileSync(path.join(cwd, ".env"), "utf8")
      const key = /^PENSTOCK_ADMIN_KEY=mine-already\nPENSTOCK_KEY=(sk-penstock-[\w-]{32})\n$/.exec(dotenv)?.[1] ?? ""
      assert.notStrictEqual(key, "", dotenv)
      assert.notInclude(made.stdout + made.stderr + fs.readFileSync(path.join(cwd, "penstock.yaml"), "utf8"), key)
      const server = await Penstock.start({ cwd, env })
      const chat = (headers: { readonly [name: string]: string }) =>
        Raw.send(`${server.url}/v1/chat/completions`, { body: { model: "default", messages }, headers })
      assert.strictEqual((await chat({})).status, 401)
      assert.strictEqual((await chat({ authorization: `Bearer ${key}` })).status, 200)
      await server.stop()
    }))

  it("never writes over a file that is there, unless it is told to", () =>
    withFolder(async (cwd) => {
      const config = "database: mine.db\n"
      const refused = await Penstock.run(["init", "--yes"], { cwd, env, config })
      assert.strictEqual(refused.code, 2)
      assert.include(refused.stderr, "--force")
      assert.strictEqual(fs.readFileSync(path.join(cwd, "penstock.yaml"), "utf8"), config)
      assert.strictEqual((await Penstock.run(["init", "--yes", "--force"], { cwd, env })).code, 0)
      assert.include(fs.readFileSync(path.join(cwd, "penstock.yaml"), "utf8"), "penstock.db")
    }))

  it("finds keys in the environment and in .env, and writes none of them down", () =>
    withFolder(async (cwd) => {
      fs.writeFileSync(path.join(cwd, ".env"), "GROQ_API_KEY=gsk-in-dotenv\n")
      const made = await Penstock.run(["init", "--yes"], { cwd, env: { ...env, OPENAI_API_KEY: "sk-of-env" } })
      assert.include(made.stderr, "openai (OPENAI_API_KEY)")
      assert.include(made.stderr, "groq (GROQ_API_KEY)")
      const text = fs.readFileSync(path.join(cwd, "penstock.yaml"), "utf8")
      assert.include(text, 'api_key: "${env.GROQ_API_KEY}"')
      assert.notMatch(text + made.stderr + made.stdout, /gsk-in-dotenv|sk-of-env/)
    }))

  it("without a terminal asks for --yes, and writes nothing", () =>
    withFolder(async (cwd) => {
      const refused = await Penstock.run(["init"], { cwd, env })
      assert.strictEqual(refused.code, 2)
      assert.include(refused.stderr, "--yes")
      assert.strictEqual((await Penstock.run(["init", "--yes", "--budget=-1"], { cwd, env })).code, 2)
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    }))
})
