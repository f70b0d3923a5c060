/** What a run's steps work with: the services, and what is the same for all steps of the run. */
import type { Caller } from "@penstock/schema/api/Caller"
import * as Gateway from "@penstock/gateway/Gateway"
import { Ledger, type Service as LedgerService } from "@penstock/gateway/ledger/Ledger"
import type { Trace } from "@penstock/schema/Trace"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Plan } from "../compiler/Plan.ts"
import { type Channel, Feed, type Service as FeedService } from "./Feed.ts"
import { Http, type Service as HttpService } from "./Http.ts"
import { type Service as StandInsService, StandIns } from "./StandIns.ts"
import { RunStore, type Service as StoreService } from "./store/RunStore.ts"
import type { TokenBudgets } from "./TokenBudgets.ts"
import { Tools, type Service as ToolsService } from "./Tools.ts"

/** What `secrets.X` gives in the parameters of tools and in what `http` steps send, as it stands now. */
export class Secrets extends Context.Reference<Secrets>()("@penstock/workflow/runtime/Secrets", {
  defaultValue: () => (): { readonly [name: string]: string } => ({})
}) {}

export interface Services {
  readonly gateway: Gateway.Service
  readonly ledger: LedgerService
  readonly store: StoreService
  readonly feed: FeedService
  readonly tools: ToolsService
  readonly http: HttpService
  readonly secrets: () => { readonly [name: string]: string }
  readonly standIns: StandInsService
}

export type Needs = Gateway.Gateway | Ledger | RunStore | Feed | Tools | Http

export const services: Effect.Effect<Services, never, Needs> = Effect.gen(function* () {
  return {
    gateway: yield* Gateway.Gateway,
    ledger: yield* Ledger,
    store: yield* RunStore,
    feed: yield* Feed,
    tools: yield* Tools,
    http: yield* Http,
    secrets: yield* Secrets,
    standIns: yield* StandIns
  }
})

/** A plan, and those that it calls. */
export interface Definition {
  readonly hash: string
  readonly plan: Plan
  readonly calls: ReadonlyMap<string, Definition>
}

export interface World extends Services {
  readonly runId: string
  readonly plan: Plan
  /** The workflows that this one calls, as they were when the run started. */
  readonly callees: ReadonlyMap<string, Definition>
  /** How many workflows are around this one. */
  readonly depth: number
  readonly caller: Caller | null
  /** The trace of whoever started the run; null where he told of none. */
  readonly trace: Trace | null
  readonly channel: Channel
  readonly tokens: TokenBudgets
  /** False while it is tidying up: what undoes and what runs finally is not cancelled. */
  readonly stoppable: boolean
  /** Whether steps with a `mock` give that instead of being run. */
  readonly rehearsal: boolean
}
