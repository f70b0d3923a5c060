/**
 * OpenAI's published description, served by `@stdy/cli`, which judges requests as OpenAI's own mock server does. The
 * description lies beside the project, and may be absent.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer, type AddressInfo } from "node:net"
import * as path from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import * as Raw from "./Raw.ts"

const description = path.resolve(import.meta.dirname, "../../../shared/spec/openai-openapi.json")
const program = createRequire(import.meta.url).resolve("@stdy/cli/steady.js")

export const present = existsSync(description)

export interface Steady {
  /** Null for a request that is as described, else what is wrong with it. `path` is below `/v1`. */
  readonly judge: (path: string, body: object) => Promise<string | null>
  readonly stop: () => Promise<void>
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

const isListening = async (url: string): Promise<boolean> => {
  try {
    await Raw.send(url)
    return true
  } catch {
    return false
  }
}

export const start = async (): Promise<Steady> => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const args = [program, "--port", String(port), "--host", "127.0.0.1", "--quiet", description]
  const child = spawn(process.execPath, args, { stdio: "ignore", detached: true })
  const exited = once(child, "exit")
  // The program that is started starts the one that serves: the group ends both.
  const end = () => {
    if (child.pid === undefined || child.exitCode !== null) return
    process.kill(-child.pid, "SIGKILL")
  }
  const deadline = performance.now() + 20_000
  while (!(await isListening(url))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      end()
      throw new Error("steady did not start")
    }
    await pause(50)
  }
  return {
    judge: async (below, body) => {
      const { headers, json } = await Raw.send(url + below, {
        headers: { authorization: "Bearer unused" },
        body: { ...body }
      })
      return headers["x-steady-request-valid"] === "true" ? null : JSON.stringify(json?.steady?.errors ?? headers)
    },
    stop: async () => {
      end()
      await exited
    }
  }
}
