/** The control plane over a configuration, providers that answer from memory, and a ledger in memory. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as HttpApp from "@effect/platform/HttpApp"
import * as Budgets from "@penstock/gateway/budgets/Budgets"
import * as Breakers from "@penstock/gateway/failover/Breakers"
import * as Gateway from "@penstock/gateway/Gateway"
import * as Keys from "@penstock/gateway/keys/Keys"
import { Ledger, type Service as LedgerService } from "@penstock/gateway/ledger/Ledger"
import * as LedgerMemory from "@penstock/gateway/ledger/LedgerMemory"
import * as RateLimits from "@penstock/gateway/limits/RateLimits"
import { Traffic } from "@penstock/gateway/ledger/Traffic"
import * as TrafficWindow from "@penstock/gateway/ledger/TrafficWindow"
import * as McpHub from "@penstock/gateway/mcp/McpHub"
import { PriceBook } from "@penstock/gateway/ledger/PriceBook"
import type { Provider } from "@penstock/gateway/providers/Provider"
import { ProviderRegistry } from "@penstock/gateway/providers/ProviderRegistry"
import * as Latencies from "@penstock/gateway/routing/Latencies"
import * as Router from "@penstock/gateway/routing/Router"
import * as ToolCalls from "@penstock/gateway/tools/ToolCalls"
import * as Settings from "@penstock/gateway/Settings"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import { type GatewayError, make as makeError } from "@penstock/schema/GatewayError"
import { RequestId } from "@penstock/schema/Ids"
import { NanoDollars } from "@penstock/schema/Money"
import * as Usage from "@penstock/schema/Usage"
import * as ControlPlane from "@penstock/server/control/ControlPlane"
import * as Telemetry from "@penstock/server/telemetry/Telemetry"
import * as Approvals from "@penstock/server/workflows/Approvals"
import * as HubTools from "@penstock/server/workflows/HubTools"
import * as Engine from "@penstock/workflow/runtime/Engine"
import * as Http from "@penstock/workflow/runtime/Http"
import * as Workflows from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

export interface FakeProvider {
  readonly models?: Effect.Effect<ReadonlyArray<string>, GatewayError>
  readonly missing?: string
}

const protocol = { id: "openai-chat" } as Provider["protocol"]

const provider = (name: string, { missing }: FakeProvider): Provider => ({
  name,
  protocol,
  spoken: [protocol],
  endpoints: new Set(["chat"]),
  embeddingBatch: 2048,
  // Nothing here may send: a use of it is a crash.
  transport: {} as Provider["transport"],
  address: `http://${name}.internal:1`,
  addressSetting: `providers.${name}.base_url`,
  cachePrompt: false,
  headers: {},
  missing: missing === undefined ? null : { setting: missing, message: `${missing} is not set` }
})

const layerRegistry = (providers: { readonly [name: string]: FakeProvider }) =>
  Layer.succeed(ProviderRegistry, {
    get: (name) => (providers[name] === undefined ? null : provider(name, providers[name])),
    all: () => Object.entries(providers).map(([name, fake]) => provider(name, fake)),
    models: (name) => providers[name]?.models ?? Effect.succeed([])
  })

const layerPrices = Layer.succeed(PriceBook, {
  price: () => null,
  cost: () => null,
  facts: () => ({ contextWindow: null, maxOutputTokens: null }),
  find: (name) => (name === "openai/gpt-4o" ? { provider: "openai", model: "gpt-4o" } : null),
  newest: (_provider, family) => (family === "sonnet" ? ["claude-sonnet-4-5"] : [])
} satisfies PriceBook["Type"])

export const unreachable = (name: string) => makeError("unreachable", `nobody answers at http://${name}.internal:1`)

/** What most installations look like: one provider works, one has no key, one is not running. */
export const usual: { readonly [name: string]: FakeProvider } = {
  openai: { models: Effect.succeed(["gpt-4o", "gpt-4o-mini", "sora-2"]) },
  anthropic: { missing: "ANTHROPIC_API_KEY" },
  demo: { models: Effect.succeed(["echo", "extract"]) },
  ollama: { models: Effect.fail(unreachable("ollama")) }
}

export const decodeConfig = Schema.decodeUnknownSync(PenstockConfig)

/** Nothing was asked lately. */
const layerQuiet = Layer.succeed(Traffic, {
  seen: (minutes) => Effect.succeed({ ...TrafficWindow.make().view(29_000_000, minutes), open: 0 })
})

export interface Options {
  readonly config?: object
  readonly providers?: { readonly [name: string]: FakeProvider }
  readonly ledger?: LedgerService
  readonly mcp?: Layer.Layer<McpHub.McpHub>
  /** A folder of workflows; without one there are none. */
  readonly workflows?: string
  /** A test that moves time passes its own runtime; otherwise time is real. */
  readonly runtime?: Runtime.Runtime<never>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it by assertion
  readonly json: any
}

export const start = Effect.fnUntraced(function* (options: Options = {}) {
  const layerSettings = Settings.layer(decodeConfig(options.config ?? {}))
  const layerLedger =
    options.ledger === undefined
      ? LedgerMemory.layer
      : Layer.succeed(Ledger, { ...options.ledger, onRelease: () => Effect.void })
  const layerRuns = Layer.merge(
    Engine.layerMemory.pipe(Layer.provide(Layer.merge(HubTools.layer, Http.layerNone))),
    Workflows.layer(options.workflows ?? "no such folder").pipe(Layer.provide(NodeContext.layer))
  ).pipe(Layer.provide(Gateway.layer))
  const layer = Layer.merge(Approvals.layer, Telemetry.layer).pipe(
    Layer.provideMerge(layerRuns),
    Layer.provideMerge(ToolCalls.layer),
    Layer.provideMerge(
      Layer.mergeAll(
        Breakers.layer,
        Budgets.layer,
        Keys.layerMemory,
        Latencies.layer,
        RateLimits.layer,
        Router.layer,
        layerQuiet,
        options.mcp ?? McpHub.layer
      )
    ),
    Layer.provideMerge(Layer.provideMerge(Telemetry.layerLedger, layerLedger)),
    Layer.provideMerge(Layer.mergeAll(layerRegistry(options.providers ?? usual), layerPrices)),
    Layer.provideMerge(layerSettings)
  )
  const context = yield* Layer.build(layer)
  const app = yield* Effect.provide(ControlPlane.make, context)
  const handler = HttpApp.toWebHandlerRuntime(options.runtime ?? Runtime.defaultRuntime)(app)
  const url = (path: string) => `http://127.0.0.1:8080${path}`
  const fetchFrom = (input: string | URL | Request, init?: RequestInit) => handler(new Request(input, init))
  const ask = (path: string, init?: RequestInit): Effect.Effect<Answer> =>
    Effect.promise(async () => {
      const response = await fetchFrom(url(path), init)
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.startsWith("application/json") === true && text !== ""
      return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
    })
  return { app, ask, fetch: fetchFrom, context }
})

export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body)
})

export const bearer = (key: string): RequestInit => ({ headers: { authorization: `Bearer ${key}` } })

/** Settled requests, the first one oldest. */
export const record = (
  ledger: LedgerService,
  count: number,
  more: (index: number) => { readonly model?: string; readonly error?: string } = () => ({})
) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) =>
      Effect.gen(function* () {
        const id = RequestId.make(`req_${index.toString(16).padStart(24, "0")}`)
        const { error, model = "gpt-4o" } = more(index)
        yield* ledger.open({
          id,
          startedAt: Date.UTC(2026, 0, 1) + index * 1000,
          key: null,
          workflowName: null,
          endpoint: "chat.completions",
          requestedModel: model,
          provider: "openai",
          model,
          stream: false,
          holds: []
        })
        yield* ledger.settle({
          id,
          status: error === undefined ? "ok" : "error",
          provider: "openai",
          model,
          usage: Usage.make({ input: 10, output: 5 }),
          estimated: false,
          cost: NanoDollars.make(1_000),
          saved: null,
          latencyMillis: 12,
          firstTokenMillis: null,
          attempts: [],
          error: error === undefined ? null : { reason: "server", message: error }
        })
      })
  ).pipe(Effect.zipRight(ledger.flush))
