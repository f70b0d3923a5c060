/** A conversation with a child process over its stdin and stdout. */
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client"
import { parseJSONRPCMessage } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { JsonObject } from "../wire/Json.ts"
import * as ClientConnection from "./ClientConnection.ts"
import * as Connection from "./Connection.ts"
import type * as Lines from "./Lines.ts"
import * as ServerProcess from "./ServerProcess.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface Options {
  readonly launch: ServerProcess.Launch
  readonly watchdog: Watchdog
  readonly listener: Connection.Listener
  /** What the server wrote on stdout and is no message. Called synchronously. */
  readonly noise: (line: string) => void
  /** Milliseconds that the server has to tell its revision. */
  readonly probe: number
  /** Bytes in one message, at most. */
  readonly maxMessage: number
}

/** The SDK knows a transport of this kind by `stderr` and `pid`: for it, a probe that is not answered means an old server. */
class ProcessTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: Transport["onmessage"]
  readonly stderr = null
  readonly pid: number
  readonly #process: ServerProcess.ServerProcess
  #closed = false

  constructor(process: ServerProcess.ServerProcess) {
    this.#process = process
    this.pid = process.pid
  }

  async start() {
    this.#process.onExit(() => this.#close())
  }

  async send(message: JSONRPCMessage) {
    await this.#process.write(JSON.stringify(message))
  }

  /** The process itself ends with the scope that it was started in. */
  async close() {
    this.#close()
  }

  receive(message: JsonObject) {
    this.onmessage?.(parseJSONRPCMessage(message))
  }

  #close() {
    if (this.#closed) return
    this.#closed = true
    this.onclose?.()
  }
}

const withStderr = (message: string, stderr: string): string =>
  stderr === "" ? message : `${message}. It last said:\n${stderr}`

/** The end may be told a moment after a write has failed because of it. */
const untilTold = Effect.sleep("50 millis")

interface Attempt {
  /** How the process ended, if it did. */
  readonly end: () => string | null
  readonly connection: Effect.Effect<Connection.Connection, Connection.ConnectionFailure, Scope.Scope>
}

const attempt = (options: Options, era: ClientConnection.Era): Attempt => {
  let end: string | null = null
  const connection = Effect.gen(function* () {
    let transport: ProcessTransport | undefined
    const receiver: Lines.Receiver = {
      message: (message) => {
        try {
          transport?.receive(message)
        } catch {
          options.noise(JSON.stringify(message).slice(0, 200))
        }
      },
      noise: options.noise,
      oversized: (id) => {
        const message = `an answer of more than ${options.maxMessage} bytes`
        if (id === null) options.noise(message)
        else transport?.receive({ jsonrpc: "2.0", id, error: { code: ClientConnection.tooLargeCode, message } })
      }
    }
    const process = yield* Effect.mapError(
      ServerProcess.spawn(options.launch, options.watchdog, receiver, options.maxMessage),
      ({ message }) => new Connection.ConnectionFailure({ kind: "closed", message })
    )
    process.onExit((how) => {
      end = how
      options.listener.lost(withStderr(how, process.stderr()))
    })
    transport = new ProcessTransport(process)
    const withLastWords = ({ kind, message }: Connection.ConnectionFailure) =>
      new Connection.ConnectionFailure({
        kind: end === null ? kind : "closed",
        message: withStderr(end ?? message, process.stderr())
      })
    const opened = yield* ClientConnection.open(transport, options.listener, era).pipe(
      Effect.tapError(() => untilTold),
      Effect.mapError(withLastWords)
    )
    const connection: Connection.Connection = {
      ...opened,
      call: (tool, args, callOptions) =>
        Effect.mapError(opened.call(tool, args, callOptions), (failure) =>
          failure.kind === "closed" ? withLastWords(failure) : failure
        )
    }
    return connection
  })
  return { end: () => end, connection }
}

/**
 * Starts the process and opens a conversation. Some old servers end at any message that comes before `initialize`: one
 * that ends while it is asked for its revision is started once more and greeted in the old way.
 */
export const open = (
  options: Options
): Effect.Effect<Connection.Connection, Connection.ConnectionFailure, Scope.Scope> => {
  const first = attempt(options, { probe: options.probe })
  return Effect.catchIf(
    ClientConnection.alone(first.connection),
    () => first.end() !== null,
    () => ClientConnection.alone(attempt(options, "legacy").connection)
  )
}
