/** The command line, run to its end. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { endQuietlyWhenUnread, exitCodeOf, report } from "./Exit.ts"
import { run } from "./Penstock.ts"

Effect.zipRight(endQuietlyWhenUnread, run(process.argv)).pipe(
  Effect.tapErrorCause(report),
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: (exit, onExit) => onExit(exitCodeOf(exit)) })
)
