/** The program as people run it: starting, stopping, following its configuration, refusing what is wrong. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Lab from "./support/Lab.ts"
import * as Penstock from "./support/Penstock.ts"
import * as Raw from "./support/Raw.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

const messages = [{ role: "user", content: "hello" }]

/** Waits until something is so; a test that waits in vain ends by its time limit. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const shell = (line: string, env: { readonly [name: string]: string } = {}) =>
  new Promise<string>((resolve, reject) =>
    execFile("sh", ["-c", line], { env: { PATH: process.env["PATH"], ...env } }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error)
    )
  )

const curlLine = (server: Penstock.Penstock) => /^\s*(curl .*)$/m.exec(server.logs())?.[1] ?? assert.fail(server.logs())

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = Penstock.temporaryFolder()
  try {
    await use(folder)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

const using = async (options: Penstock.Options, use: (server: Penstock.Penstock) => Promise<void>): Promise<void> => {
  const server = await Penstock.start(options)
  try {
    await use(server)
  } finally {
    await server.stop()
  }
}

const explain = async (server: Penstock.Penstock, model: string): Promise<string> =>
  (await Raw.send(`${server.url}/v1/explain`, { body: { model } })).json.candidates[0]?.model

describe("a start", () => {
  it("needs no configuration, says what is missing and why, and its curl line works as printed", async () =>
    withFolder(async (cwd) => {
      const server = await Penstock.start({ cwd })
      const logs = server.logs()
      for (const word of ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ollama", "demo", `${server.url}/v1`]) {
        assert.include(logs, word)
      }
      const answer = JSON.parse(await shell(`${curlLine(server)} --silent`))
      assert.strictEqual(answer.choices[0].message.content, "Hello, Penstock")
      assert.deepStrictEqual(await server.stop(), { code: 0, signal: null })
      // A second start on the same files finds the rows of the first.
      const again = await Penstock.start({ cwd })
      assert.strictEqual((await Lab.rows(again)).length, 1)
      assert.isTrue(await Lab.isAlive(again))
      assert.strictEqual((await again.stop("SIGINT")).code, 0)
    }))

  it("with keys prints a curl line that works with the key in the variable that it names", async () =>
    using({ config: 'server: { auth: keys }\nkeys: [{ name: a, key: "key-of-alice" }]\n' }, async (server) => {
      const answer = JSON.parse(await shell(`${curlLine(server)} --silent`, { PENSTOCK_KEY: "key-of-alice" }))
      assert.strictEqual(answer.choices[0].message.content, "Hello, Penstock")
      assert.notInclude(server.logs(), "key-of-alice")
    }))

  it("on a port in use says so, names another, and exits with 1", async () =>
    using({}, async (server) => {
      const { port } = new URL(server.url)
      const refused = await Penstock.run(["serve", "--port", port])
      assert.strictEqual(refused.code, 1)
      assert.include(refused.stderr, port)
      assert.match(refused.stderr, /in use.*\n.*--port/)
      assert.notInclude(refused.stderr, "    at ")
      assert.isTrue(await Lab.isAlive(server))
    }))

  it("with a database that cannot be opened says which setting to change, and exits with 1", async () => {
    const refused = await Penstock.run(["serve", "--port", "0", "--database", "/proc/nowhere/penstock.db"])
    assert.strictEqual(refused.code, 1)
    assert.include(refused.stderr, "--database")
  })

  it("with a configuration that is wrong names file, line and column of each mistake, and exits with 2", async () => {
    const config = "server:\n  max_body: huge\nprovidres: {}\nmodels:\n  fast: opnai/gpt-4o\n"
    const refused = await Penstock.run(["serve", "--port", "0"], { config })
    assert.strictEqual(refused.code, 2)
    for (const place of ["penstock.yaml:2:13", "penstock.yaml:3:1", "penstock.yaml:5:9"]) {
      assert.include(refused.stderr, place)
    }
    for (const word of ["providers", "openai"]) assert.include(refused.stderr, word)
    assert.notInclude(refused.stderr, "    at ")
  })

  it("with a file that is not there, or an option that does not exist, is refused with 2", async () => {
    const absent = await Penstock.run(["serve", "--config", "nowhere.yaml"])
    assert.strictEqual(absent.code, 2)
    assert.include(absent.stderr, "nowhere.yaml")
    assert.strictEqual((await Penstock.run(["serve", "--prot", "1"])).code, 2)
  })

  it("open to everybody on an address that others reach is refused, unless it is meant", async () => {
    const refused = await Penstock.run(["serve", "--host", "0.0.0.0", "--port", "0"])
    assert.strictEqual(refused.code, 2)
    for (const word of ["0.0.0.0", "auth: keys", "--insecure"]) assert.include(refused.stderr, word)
    await using({ args: ["--host", "0.0.0.0", "--insecure"] }, async (server) => {
      assert.isTrue(await Lab.isAlive(server))
    })
    const config = 'server: { auth: keys, host: 0.0.0.0 }\nkeys: [{ name: a, key: "key-of-alice" }]\n'
    await using({ config }, async (server) => {
      assert.strictEqual((await Raw.send(`${server.url}/v1/models`)).status, 401)
    })
  })

  it("reads .env, and the environment wins over it", async () =>
    withFolder(async (cwd) => {
      fs.writeFileSync(path.join(cwd, ".env"), "OPENAI_API_KEY=sk-from-dotenv\nANTHROPIC_API_KEY=sk-of-dotenv\n")
      const upstream = await Upstream.start()
      const env = {
        OPENAI_BASE_URL: `${upstream.url}/v1`,
        ANTHROPIC_BASE_URL: upstream.url,
        ANTHROPIC_API_KEY: "sk-env"
      }
      const server = await Penstock.start({ cwd, env })
      for (const model of ["gpt-4o-mini", "claude-haiku-4-5"]) await Raw.chat(server.url, { model, messages })
      const [openai, anthropic] = upstream.requests
      assert.strictEqual(openai!.headers.authorization, "Bearer sk-from-dotenv")
      assert.strictEqual(anthropic!.headers["x-api-key"], "sk-env")
      await server.stop()
      await upstream.close()
    }))
})

describe("a stop", () => {
  it("lets a running stream and a running answer finish, takes no new request, and exits with 0", async () => {
    const upstream = await Upstream.start()
    const server = await Penstock.start({ config: Lab.config(upstream.url) })
    const gate = Upstream.gate()
    const frames = Wire.openaiStream()
    upstream.next(Upstream.eventStream(...frames.slice(0, 2), gate.opened, ...frames.slice(2)), async () => {
      await gate.opened
      return { body: Wire.openaiCompletion() }
    })
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "fast", messages, stream: true })
    })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = (await reader.read()).value ?? ""
    await upstream.nextRequest()
    const whole = Raw.chat(server.url, { model: "fast", messages })
    await upstream.nextRequest()
    const stopped = server.stop()
    await until(() =>
      Raw.send(`${server.url}/health`).then(
        () => false,
        () => true
      )
    )
    gate.open()
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value
    assert.include(text, "upstream.")
    assert.include(text, "data: [DONE]")
    assert.strictEqual((await whole).json.choices[0].message.content, "Hello from upstream.")
    assert.deepStrictEqual(await stopped, { code: 0, signal: null })
    await upstream.close()
  })

  it("tells the callers whose answers take longer than the grace, aborts their providers and settles their rows", async () =>
    withFolder(async (cwd) => {
      const upstream = await Upstream.start()
      const config = Lab.config(upstream.url, "server: { shutdown_grace: 200ms }\n")
      const server = await Penstock.start({ cwd, config })
      upstream.next(Upstream.eventStream(...Wire.openaiStream().slice(0, 2), Upstream.hang), { silent: true })
      const streaming = Raw.chat(server.url, { model: "fast", messages, stream: true })
      await upstream.nextRequest()
      const waiting = Raw.chat(server.url, { model: "fast", messages })
      await upstream.nextRequest()
      const answers = Promise.all([streaming, waiting])
      answers.catch(() => {})
      assert.deepStrictEqual(await server.stop(), { code: 0, signal: null })
      const [stream, whole] = await answers
      assert.strictEqual(whole.status, 503)
      assert.strictEqual(whole.json.error.code, "shutting_down")
      const last = stream.status === 200 ? Raw.chunksOf(stream.body).at(-1) : stream.json
      assert.strictEqual(last.error.code, "shutting_down")
      assert.notInclude(stream.body, "[DONE]")
      await upstream.nextAbort()
      await upstream.nextAbort()
      const again = await Penstock.start({ cwd, config })
      const rows = await Lab.rows(again)
      assert.strictEqual(rows.length, 2)
      assert.isTrue(rows.every((row) => row.status === "error" && String(row.error).startsWith("shutting_down")))
      await again.stop()
      await upstream.close()
    }))
})

describe("a running server", () => {
  it("follows its file: a new alias works at once, a wrong file keeps what was in force and says where it is wrong", async () =>
    using({ config: "models: { one: demo/echo }\n" }, async (server) => {
      server.writeConfig("models: { one: demo/echo, two: demo/extract }\n")
      await until(async () => (await explain(server, "two")) === "extract")
      server.writeConfig("models: { one: demo/echo, two: 5, three: demo/echo }\n")
      await until(() => server.logs().includes("penstock.yaml:1:"))
      assert.strictEqual(await explain(server, "two"), "extract")
      assert.strictEqual(await explain(server, "three"), "three")
      const answer = await Raw.chat(server.url, { model: "one", messages })
      assert.strictEqual(answer.json.choices[0].message.content, "hello")
      server.writeConfig("models: { three: demo/echo }\n")
      await until(async () => (await explain(server, "three")) === "echo")
    }))

  it("reads its file again on SIGHUP, and answers on", async () =>
    withFolder(async (elsewhere) =>
      withFolder(async (cwd) => {
        // Behind a link, where a change of the file is seen by nobody.
        const file = path.join(elsewhere, "real.yaml")
        fs.writeFileSync(file, "models: { one: demo/echo }\n")
        fs.symlinkSync(file, path.join(cwd, "penstock.yaml"))
        const server = await Penstock.start({ cwd })
        fs.writeFileSync(file, "models: { one: demo/extract }\n")
        assert.strictEqual(await explain(server, "one"), "echo")
        process.kill(server.pid, "SIGHUP")
        await until(async () => (await explain(server, "one")) === "extract")
        assert.strictEqual((await server.stop()).code, 0)
      })
    ))

  it("does not change a request that runs while the configuration changes", async () => {
    const upstream = await Upstream.start()
    await using({ config: Lab.config(upstream.url) }, async (server) => {
      const gate = Upstream.gate()
      const frames = Wire.openaiStream()
      upstream.next(Upstream.eventStream(...frames.slice(0, 2), gate.opened, ...frames.slice(2)))
      const running = Raw.chat(server.url, { model: "fast", messages, stream: true })
      await upstream.nextRequest()
      server.writeConfig("models: { fast: demo/echo }\n")
      await until(async () => (await explain(server, "fast")) === "echo")
      gate.open()
      assert.include((await running).body, "data: [DONE]")
    })
    await upstream.close()
  })
})

describe("penstock config", () => {
  const secrets = [
    "sk-openai-0001",
    "sk-mine-0002",
    "key-of-alice-3",
    "admin-key-0004",
    "header-value-5",
    "pass-word-6"
  ]
  const config = `server: { admin_key: admin-key-0004 }
providers:
  mine: { protocol: openai, base_url: "http://user:pass-word-6@127.0.0.1:9/v1", api_key: sk-mine-0002, headers: { x-team: header-value-5 } }
keys: [{ name: alice, key: key-of-alice-3 }]
`
  it("prints what is in force, defaults included, and no secret, in YAML and JSON", async () => {
    for (const format of ["yaml", "json"]) {
      const { code, stderr, stdout } = await Penstock.run(["config", "--format", format], {
        config,
        env: { OPENAI_API_KEY: "sk-openai-0001", PORT: "9999" }
      })
      assert.strictEqual(code, 0, stderr)
      for (const secret of secrets) assert.notInclude(stdout + stderr, secret)
      for (const word of ["alice", "x-team", "9999", "30d", "<redacted>", "gpt-*"]) assert.include(stdout, word)
      if (format === "json") assert.strictEqual(JSON.parse(stdout).server.port, 9999)
    }
  })

  it("refuses a wrong file as a start does, and shows no secret of it either", async () => {
    const { code, stderr, stdout } = await Penstock.run(["config"], { config: `${config}kyes: []\n` })
    assert.strictEqual(code, 2)
    assert.include(stderr, "penstock.yaml:5:1")
    for (const secret of secrets) assert.notInclude(stdout + stderr, secret)
  })
})

describe("auth: keys", () => {
  it("opens to each key what is its own, and to nobody without one", async () => {
    const config = `server: { auth: keys }
keys:
  - { name: alice, key: key-of-alice }
  - { name: bob, key: key-of-bob-1, models: ["demo/echo"] }
`
    await using({ config, env: { PENSTOCK_ADMIN_KEY: "admin-key-1" } }, async (server) => {
      const chat = (model: string) => ({ path: "/v1/chat/completions", body: { model, messages } })
      const echo = chat("demo/echo")
      const extract = chat("demo/extract")
      const open = ["/", "/health", "/ready", "/docs", "/openapi.json"].map((path) => ({ path }))
      const requests = [...open, echo, extract, { path: "/v1/models" }, { path: "/v1/requests" }, { path: "/v1/costs" }]
      for (const [key, ...expected] of [
        [null, 200, 401, 401, 401, 401, 401],
        ["nobody", 200, 401, 401, 401, 401, 401],
        ["key-of-alice", 200, 200, 200, 200, 403, 403],
        ["key-of-bob-1", 200, 200, 403, 200, 403, 403],
        ["admin-key-1", 200, 200, 200, 200, 200, 200]
      ] as const) {
        for (const header of ["authorization", "x-api-key"]) {
          const headers = key === null ? {} : { [header]: header === "authorization" ? `Bearer ${key}` : key }
          for (const [at, { path, ...body }] of requests.entries()) {
            const answer = await Raw.send(server.url + path, { ...body, headers })
            assert.strictEqual(answer.status, expected[Math.max(0, at - open.length + 1)], `${key} ${path}`)
          }
        }
      }
      const admin = { headers: { authorization: "Bearer admin-key-1" } }
      const { json } = await Raw.send(`${server.url}/v1/costs?by=key`, admin)
      assert.deepStrictEqual(
        json.costs.map((row: { key: string; requests: number }) => [row.key, row.requests]).sort(),
        [
          ["admin", 4],
          ["alice", 4],
          ["bob", 2]
        ]
      )
      for (const secret of ["key-of-alice", "key-of-bob-1", "admin-key-1"]) assert.notInclude(server.logs(), secret)
    })
  })
})
