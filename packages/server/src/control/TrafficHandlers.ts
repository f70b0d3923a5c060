/** `GET /v1/traffic`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { Traffic } from "@penstock/gateway/ledger/Traffic"
import { millisPerMinute } from "@penstock/gateway/ledger/TrafficWindow"
import * as Explain from "@penstock/gateway/routing/Explain"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { TrafficReport } from "@penstock/schema/Traffic"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { unreadable } from "./LedgerHandlers.ts"

export const layer = HttpApiBuilder.group(PenstockApi, "traffic", (handlers) =>
  Effect.map(Effect.all([Traffic, Breakers]), ([traffic, breakers]) =>
    handlers.handle("report", ({ urlParams: { minutes } }) =>
      Effect.gen(function* () {
        const { from, open, points, providers, step, total } = yield* Effect.catchAll(traffic.seen(minutes), unreadable)
        const now = yield* Clock.currentTimeMillis
        return new TrafficReport({
          from: new Date(from * millisPerMinute).toISOString(),
          to: new Date(now).toISOString(),
          step_minutes: step,
          open,
          total,
          points,
          providers,
          breakers: breakers.states().map((state) => ({
            provider: state.provider,
            model: state.model,
            ...Explain.breakerOf(state)
          }))
        })
      })
    )
  )
)
