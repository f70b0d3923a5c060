/**
 * Each model once, under the shortest name that reaches it and that the caller may use: bare where a route sends the
 * bare name to that provider, else `provider/model`.
 */
import { mayUse } from "@penstock/gateway/keys/Keys"
import type { Service as Registry } from "@penstock/gateway/providers/ProviderRegistry"
import type { Service as Router } from "@penstock/gateway/routing/Router"
import type { Caller } from "@penstock/schema/api/Caller"
import { Model, ModelList } from "@penstock/schema/api/ModelsApi"
import type { EndpointName } from "@penstock/schema/config/Endpoints"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import type { Service as Workflows } from "@penstock/workflow/runtime/Workflows"
import * as Effect from "effect/Effect"
import { nearest } from "@penstock/schema/Suggestion"
import * as WorkflowModel from "../data/WorkflowModel.ts"
import * as ProviderCheck from "./ProviderCheck.ts"

export interface Sources {
  readonly router: Router
  readonly registry: Registry
  readonly workflows: Workflows
}

const entry = (id: string, owner: string): Model =>
  new Model({ id, object: "model", created: 0, owned_by: owner }, { disableValidation: true })

const configured = "penstock"

/** Whether a request for the bare name goes to this provider. */
const isBare = (router: Router, provider: string, model: string): Effect.Effect<boolean> =>
  Effect.map(router.plan(model), ({ targets: [first] }) => {
    if (first === undefined || first.provider !== provider) return false
    return first.model === model || `${provider}/${first.model}` === model
  })

const idsOf = ({ router }: Sources, { models, provider }: ProviderCheck.Check, caller: Caller) =>
  Effect.map(
    Effect.forEach([...new Set(models ?? [])], (model) =>
      Effect.map(isBare(router, provider.name, model), (bare) =>
        [...(bare ? [model] : []), `${provider.name}/${model}`].find((id) => mayUse(caller, id))
      )
    ),
    (ids) => ids.filter((id) => id !== undefined)
  )

/** The workflows that can be run, as the models that they are. */
const workflowModels = (workflows: Workflows): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(workflows.list, (all) =>
    all.flatMap(({ name, plan }) => (plan === null ? [] : [WorkflowModel.modelOf(name)]))
  )

export const list = Effect.fnUntraced(function* (sources: Sources, caller: Caller, showAddresses: boolean) {
  const names = sources.router.names().filter((name) => mayUse(caller, name))
  const checks = yield* ProviderCheck.checkAll(sources.registry)
  const runnable = (yield* workflowModels(sources.workflows)).filter((name) => mayUse(caller, name))
  const data = new Map([...names, ...runnable].map((name) => [name, entry(name, configured)]))
  const models: Record<string, ReadonlyArray<string>> = {}
  const endpoints: Record<string, ReadonlyArray<EndpointName>> = {}
  const unavailable: Record<string, string> = {}
  for (const check of checks) {
    const { name } = check.provider
    const ids = yield* idsOf(sources, check, caller)
    models[name] = ids
    endpoints[name] = [...check.provider.endpoints]
    for (const id of ids) if (!data.has(id)) data.set(id, entry(id, name))
    const reason = ProviderCheck.reason(check, showAddresses)
    if (reason !== null) unavailable[name] = reason
  }
  return new ModelList(
    { object: "list", data: [...data.values()], models, endpoints, unavailable },
    { disableValidation: true }
  )
})

const unknown = (model: string, names: ReadonlyArray<string>): GatewayError => {
  const meant = nearest(model, names)
  const hint = meant === null ? "GET /v1/models lists what there is." : `Did you mean ${meant}?`
  return make("model_not_found", `There is no model ${model}. ${hint}`, { param: "model" })
}

/** One model by any name that reaches it; asks only the providers that the name leads to. */
export const lookup = Effect.fnUntraced(function* (sources: Sources, model: string, showAddresses: boolean) {
  const names = sources.router.names()
  if (names.includes(model)) return entry(model, configured)
  const workflows = yield* workflowModels(sources.workflows)
  if (workflows.includes(model)) return entry(model, configured)
  if (WorkflowModel.isMeant(model)) return yield* unknown(model, workflows)
  const plan = yield* sources.router.plan(model)
  if (plan.targets.length === 0) {
    const reasons = plan.candidates.map(({ provider, reason }) => `${provider}: ${reason}`)
    if (reasons.length === 0) return yield* unknown(model, names)
    return yield* make("not_configured", `${model} cannot be called: ${reasons.join("; ")}.`, { param: "model" })
  }
  const listed: Array<string> = []
  let failure: GatewayError | null = null
  for (const target of plan.targets) {
    const provider = sources.registry.get(target.provider)
    if (provider === null) continue
    const check = yield* ProviderCheck.check(sources.registry, provider)
    if (check.models?.includes(target.model) === true || check.models?.includes(model) === true) {
      return entry(model, provider.name)
    }
    listed.push(...(check.models ?? []), ...(check.models ?? []).map((each) => `${provider.name}/${each}`))
    if (check.failure !== null) {
      const reason = ProviderCheck.reason(check, showAddresses) ?? ""
      failure = make(check.failure.reason, `${provider.name} did not list its models: ${reason}`, { param: "model" })
    }
  }
  return yield* failure ?? unknown(model, [...names, ...listed])
})
