/** Whether the server could listen where it is told to. Listens for a moment. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import { listenFailure } from "../config/ServeOptions.ts"
import { type Finding, ok, warn, fail } from "./Finding.ts"

export const examine = (host: string, port: number): Effect.Effect<Finding> =>
  NodeHttpServer.make(() => Http.createServer(), { host, port }).pipe(
    Effect.as(ok("address", port === 0 ? `a free port of ${host}` : `${host}:${port} is free`)),
    Effect.scoped,
    Effect.catchAll(({ cause }) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
      const { hint, message } = listenFailure(host, port, code)
      // Who asks while the server runs finds its port taken, and all is well.
      return Effect.succeed(
        code === "EADDRINUSE"
          ? warn("address", `${message} That may be a Penstock that runs.`, hint)
          : fail("address", message, hint)
      )
    })
  )
