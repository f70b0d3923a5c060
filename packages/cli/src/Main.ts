/** The command line of this process. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { execute } from "./CommandLine.ts"
import { endQuietlyWhenUnread, exitCodeOf } from "./Exit.ts"

Effect.zipRight(endQuietlyWhenUnread, execute(process.argv)).pipe(
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: (exit, onExit) => onExit(exitCodeOf(exit)) })
)
