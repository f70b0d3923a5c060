/** `GET /`, `/health` and `/ready`: open to everyone. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Breakers } from "@penstock/gateway/failover/Breakers"
import { Ledger } from "@penstock/gateway/ledger/Ledger"
import { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import { Router } from "@penstock/gateway/routing/Router"
import { Settings } from "@penstock/gateway/Settings"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { Health } from "@penstock/schema/api/StatusApi"
import { version } from "@penstock/schema/api/Version"
import * as Effect from "effect/Effect"
import * as Html from "./Html.ts"
import * as LandingPage from "./LandingPage.ts"
import { readiness } from "./Readiness.ts"

const health = new Health({ status: "ok", version })

export const layer = HttpApiBuilder.group(PenstockApi, "status", (handlers) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const registry = yield* ProviderRegistry
    const router = yield* Router
    const ledger = yield* Ledger
    const breakers = yield* Breakers
    return handlers
      .handleRaw("landing", ({ request }) =>
        Effect.sync(() => {
          const page = LandingPage.landing(settings.current(), registry.all(), router.names(), request.headers["host"])
          return Html.isWanted(request.headers["accept"])
            ? Html.respond(LandingPage.html(page))
            : HttpServerResponse.unsafeJson(page, { headers: { vary: "accept" } })
        })
      )
      .handle("health", () => Effect.succeed(health))
      .handle("ready", () =>
        Effect.suspend(() => readiness({ breakers, ledger, registry }, settings.current().server.auth === "none"))
      )
  })
)
