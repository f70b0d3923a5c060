/** `GET /metrics`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { make } from "@penstock/schema/GatewayError"
import * as Effect from "effect/Effect"
import { Telemetry } from "../telemetry/Telemetry.ts"

const off = make("not_found", "Metrics are turned off: set `telemetry.metrics: true` and start the server again.")

export const layer = HttpApiBuilder.group(PenstockApi, "telemetry", (handlers) =>
  Effect.map(Telemetry, ({ scrape }) =>
    handlers.handle("metrics", () =>
      Effect.flatMap(scrape, (text) => (text === null ? Effect.fail(off) : Effect.succeed(text)))
    )
  )
)
