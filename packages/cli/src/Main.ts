/** The command line, run to its end. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Colours from "./Colours.ts"
import { endQuietlyWhenUnread, exitCodeOf, report } from "./Exit.ts"
import { run, suggestion } from "./Penstock.ts"

Effect.zipRight(endQuietlyWhenUnread, run(process.argv)).pipe(
  Effect.tapErrorCause(report(suggestion(process.argv))),
  Colours.whereWanted,
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: (exit, onExit) => onExit(exitCodeOf(exit)) })
)
