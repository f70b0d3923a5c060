/** What starting a server takes, and what it tells whoever started it. */
import type { Missing } from "@penstock/gateway/providers/Provider"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { ConfigError, ConfigIssue } from "./ConfigIssue.ts"

/** The flags that bear on the configuration; each of them wins over environment and file. */
export interface ConfigFlags {
  readonly config: Option.Option<string>
  readonly host: Option.Option<string>
  readonly port: Option.Option<number>
  readonly database: Option.Option<string>
  readonly workflows: Option.Option<string>
  /** Accept `auth: none` on an address that others can reach. */
  readonly insecure: boolean
}

/** What is true once the server listens. */
export interface ListeningFacts {
  /** `http://127.0.0.1:8080`, with the port in use. */
  readonly address: string
  /** Null when there is no configuration file. */
  readonly configPath: string | null
  readonly warnings: ReadonlyArray<ConfigIssue>
  readonly database: string
  readonly auth: "none" | "keys"
  readonly providers: ReadonlyArray<{
    readonly name: string
    readonly address: string
    readonly missing: Missing | null
  }>
}

export interface ServeOptions extends ConfigFlags {
  readonly onListening: (facts: ListeningFacts) => Effect.Effect<void>
}

/** The server could not start, for a reason that a person can mend. */
export class StartFailure extends Data.TaggedError("StartFailure")<{
  readonly message: string
  readonly hint: string | null
}> {}

export type StartError = ConfigError | StartFailure

/** What to say when the address cannot be listened on; `code` is that of the system error (`EADDRINUSE`). */
export const listenFailure = (host: string, port: number, code: string): StartFailure => {
  switch (code) {
    case "EADDRINUSE":
      return new StartFailure({
        message: `Port ${port} on ${host} is in use by another program.`,
        hint: `Choose another port: npm start -- --port ${port === 65535 ? 8081 : port + 1} (or PORT, or server.port in penstock.yaml).`
      })
    case "EACCES":
      return new StartFailure({
        message: `This user may not listen on port ${port} of ${host}.`,
        hint: "Choose a port above 1023: npm start -- --port 8080 (or PORT, or server.port in penstock.yaml)."
      })
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new StartFailure({
        message: `${host} is not an address of this machine.`,
        hint: "Set --host, HOST or server.host to one that is; 127.0.0.1 always works."
      })
    default:
      return new StartFailure({ message: `Cannot listen on ${host}:${port} (${code}).`, hint: null })
  }
}
