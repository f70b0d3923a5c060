/** What a run needs whose steps all have something that stands in for them: real services that lead to nobody. */
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Gateway from "@penstock/gateway/Gateway"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import * as PriceBook from "@penstock/gateway/ledger/PriceBook"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import * as HttpTransport from "@penstock/gateway/providers/HttpTransport"
import * as ProviderRegistry from "@penstock/gateway/providers/ProviderRegistry"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Router from "@penstock/gateway/routing/Router"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Http from "@penstock/workflow/runtime/Http"
import * as Tools from "@penstock/workflow/runtime/Tools"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** No provider but those in this process. */
const config = Schema.decodeSync(PenstockConfig)({})

const layerGateway = Gateway.layer.pipe(
  Layer.provide(Layer.mergeAll(Router.layer, Breakers.layer, Latencies.layer, Budgets.layer, RateLimits.layer)),
  Layer.provide(ProviderRegistry.layer),
  Layer.provideMerge(LedgerMemory.layer),
  Layer.provide(Layer.merge(PriceBook.layer, HttpTransport.layer)),
  Layer.provide(Settings.layer(config))
)

export const layer = Layer.mergeAll(layerGateway, Tools.layerMemory(), Http.layerNone)
