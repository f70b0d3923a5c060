/** `penstock doctor`: what is wrong or will be, and what to do about it. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Terminal from "@effect/platform/Terminal"
import type { Finding } from "@penstock/server/doctor/Finding"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { CommandFailed } from "./CommandFailed.ts"
import { configFile } from "./ConfigOption.ts"
import * as ConfigText from "./mcp/ConfigText.ts"
import { jsonOrText, workflowsFolder } from "./workflow/WorkflowOptions.ts"

const options = {
  config: configFile,
  workflows: workflowsFolder,
  offline: Options.boolean("offline").pipe(
    Options.withDescription("Ask no provider and start no MCP server: a look at this machine alone")
  ),
  format: jsonOrText
}

interface Flags {
  readonly config: Option.Option<string>
  readonly workflows: Option.Option<string>
  readonly offline: boolean
  readonly format: "text" | "json"
}

/** A line for each finding, and one more for what to do. */
export const render = ({ check, hint, message, status }: Finding): string =>
  `${status.padEnd(4)}  ${check}: ${message}${hint === null ? "" : `\n      -> ${hint}`}`

const doctor = Effect.fn("doctor")(function* ({ config, format, offline, workflows }: Flags) {
  const { examine } = yield* Effect.promise(() => import("@penstock/server/doctor/Doctor"))
  const terminal = yield* Terminal.Terminal
  const found = yield* Ref.make<ReadonlyArray<Finding>>([])
  const print = (text: string) => Effect.orDie(terminal.display(`${text}\n`))
  yield* examine({ flags: { ...ConfigText.flagsOf(config), workflows }, offline }).pipe(
    Stream.tap((finding) => Ref.update(found, (findings) => [...findings, finding])),
    Stream.runForEach((finding) => (format === "text" ? print(render(finding)) : Effect.void))
  )
  const findings = yield* Ref.get(found)
  const failed = findings.filter(({ status }) => status === "fail").length
  if (format === "json") yield* print(JSON.stringify({ healthy: failed === 0, findings }, null, 2))
  if (failed === 0) return
  const text = `${failed === 1 ? "1 check" : `${failed} checks`} failed.`
  return yield* new CommandFailed({ exitCode: 1, text, printed: true })
})

export const command = Command.make("doctor", options, doctor).pipe(
  Command.withDescription(
    "Look at Node, configuration, database, port, providers, MCP servers and workflows, and say what to do. Changes " +
      "nothing. Exit codes: 0 nothing failed (there may be warnings), 1 something did"
  )
)
