/** Penstock as an MCP server on stdin and stdout, for a client that starts it as a program of its own. Both eras. */
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { anonymous } from "@penstock/gateway/keys/Keys"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Followers from "./Followers.ts"
import * as Offering from "./Offering.ts"
import * as Protocol from "./Protocol.ts"
import * as Requests from "./Requests.ts"

/** The client ends the conversation by closing our stdin. */
const stdinEnds = Effect.async<void>((resume) => {
  const ended = () => resume(Effect.void)
  for (const event of ["end", "close", "error"]) process.stdin.once(event, ended)
  return Effect.sync(() => {
    for (const event of ["end", "close", "error"]) process.stdin.off(event, ended)
  })
})

/** Completes when the client has left. */
export const serve = Effect.scoped(
  Effect.gen(function* () {
    const offering = yield* Offering.fromContext
    const followers = yield* Followers.make(offering)
    const run = yield* Requests.runner(yield* FiberSet.make<unknown, unknown>())
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        serveStdio(() => {
          // Whoever starts a program on this machine may do what it does.
          const server = Protocol.make({ offering, caller: anonymous, run })
          server.onclose = followers.add(Followers.tellServer(server))
          return server
        })
      ),
      (handle) => Effect.promise(() => handle.close())
    )
    yield* stdinEnds
  })
)
