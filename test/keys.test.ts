/** Virtual keys with the real server: made, used, changed, and still there after a restart. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"

const adminKey = "admin-of-the-test"
const config = 'server: { auth: keys }\nkeys: [{ name: alice, key: "key-of-alice" }]\n'
const messages = [{ role: "user", content: "hello" }]

const admin = (server: Penstock.Penstock) => ({
  send: (method: string, name: string, body?: { readonly [key: string]: unknown }) =>
    Raw.send(`${server.url}/v1/keys${name}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}` },
      ...(body === undefined ? {} : { body })
    })
})

const chat = (server: Penstock.Penstock, key: string, model = "demo/echo") =>
  Raw.chat(server.url, { model, messages }, { authorization: `Bearer ${key}` })

const statusOf = async (server: Penstock.Penstock, key: string) => (await chat(server, key)).status

/** Runs on a folder of its own; each `start` is a new process on the same database. */
const withServers = async (
  use: (start: () => Promise<Penstock.Penstock>, folder: string) => Promise<void>
): Promise<void> => {
  const cwd = Penstock.temporaryFolder()
  const running: Array<Penstock.Penstock> = []
  try {
    await use(async () => {
      const server = await Penstock.start({
        cwd,
        config,
        env: { PENSTOCK_ADMIN_KEY: adminKey, LOG_LEVEL: "debug" }
      })
      running.push(server)
      return server
    }, cwd)
  } finally {
    for (const server of running) await server.stop()
    fs.rmSync(cwd, { recursive: true, force: true })
  }
}

const filesOf = (folder: string) =>
  fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), "latin1"))

describe("virtual keys", () => {
  it("are made, used, limited to their models, and named in the ledger", () =>
    withServers(async (start) => {
      const server = await start()
      const made = await admin(server).send("POST", "", { name: "bob", models: ["demo/echo"] })
      assert.strictEqual(made.status, 201)
      const { key } = made.json
      assert.strictEqual(await statusOf(server, key), 200)
      assert.strictEqual((await chat(server, key, "gpt-4o")).status, 403)
      assert.strictEqual(
        (await Raw.send(`${server.url}/v1/requests`, { headers: { authorization: `Bearer ${key}` } })).status,
        403
      )
      const rows = await Raw.send(`${server.url}/v1/requests?key=bob`, {
        headers: { authorization: `Bearer ${adminKey}` }
      })
      assert.strictEqual(rows.json.requests.length, 1)
    }))

  it("are rotated, disabled, expired and deleted, each at once and with a reason", () =>
    withServers(async (start) => {
      const server = await start()
      const { send } = admin(server)
      const codeOf = async (key: string) => (await chat(server, key)).json.error?.code ?? "ok"
      const { key: first } = (await send("POST", "", { name: "bob" })).json
      const { key: second } = (await send("POST", "/bob/rotate")).json
      assert.deepStrictEqual([await codeOf(first), await codeOf(second)], ["invalid_api_key", "ok"])
      const { key: third } = (await send("POST", "/bob/rotate", { grace: "1h" })).json
      assert.deepStrictEqual([await codeOf(second), await codeOf(third)], ["ok", "ok"])
      await send("PATCH", "/bob", { disabled: true })
      assert.strictEqual(await codeOf(third), "key_disabled")
      await send("PATCH", "/bob", { disabled: false, expires_at: "2020-01-01T00:00:00Z" })
      assert.strictEqual(await codeOf(third), "key_expired")
      await send("PATCH", "/bob", { expires_at: null })
      assert.strictEqual(await codeOf(third), "ok")
      assert.strictEqual((await send("DELETE", "/bob")).status, 204)
      assert.strictEqual(await codeOf(third), "invalid_api_key")
      const declared = await send("DELETE", "/alice")
      assert.strictEqual(declared.status, 409)
      assert.include(declared.json.error.message, "penstock.yaml")
      assert.strictEqual(await statusOf(server, "key-of-alice"), 200)
    }))

  it("survive a restart and a kill, and no secret is in the database or the log", () =>
    withServers(async (start, folder) => {
      const first = await start()
      const { key: bob } = (await admin(first).send("POST", "", { name: "bob", rate: { concurrent: 2 } })).json
      const { key: old } = (await admin(first).send("POST", "", { name: "carol" })).json
      const { key: carol } = (await admin(first).send("POST", "/carol/rotate")).json
      const listed = (await admin(first).send("GET", "")).json
      assert.deepStrictEqual([await statusOf(first, bob), await statusOf(first, old)], [200, 401])
      await first.stop("SIGKILL")

      const second = await start()
      assert.deepStrictEqual((await admin(second).send("GET", "")).json, listed)
      const statuses = await Promise.all([bob, carol, old, "key-of-alice"].map((key) => statusOf(second, key)))
      assert.deepStrictEqual(statuses, [200, 200, 401, 200])
      await second.stop()

      const stored = filesOf(folder).filter((text) => text.includes("carol"))
      assert.isAbove(stored.length, 0)
      for (const text of [...stored, first.logs(), second.logs()]) {
        for (const key of [bob, old, carol]) assert.notInclude(text, key.slice(20))
        assert.notInclude(text, adminKey)
        assert.notInclude(text, "key-of-alice")
      }
    }))
})
