/** In which order the targets of a plan are tried. Pure: what is known of a target, and chance, are given. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Plan, Target } from "./Router.ts"

/**
 * Each comes first with the probability that its weight is of the sum, and so on among the rest (Efraimidis and
 * Spirakis). `draws` has a number between 0 and 1 for each.
 */
export const weighted = (targets: ReadonlyArray<Target>, draws: ReadonlyArray<number>): ReadonlyArray<Target> =>
  targets
    .map((target, index) => ({ target, key: Math.log(draws[index] ?? 0) / target.weight }))
    .sort((one, other) => other.key - one.key)
    .map(({ target }) => target)

/** Smallest first, equals as they were; null, the unknown, last. */
const ascending = (
  targets: ReadonlyArray<Target>,
  measure: (target: Target) => number | null
): ReadonlyArray<Target> => {
  const measured = targets.map((target) => ({ target, size: measure(target) ?? Number.POSITIVE_INFINITY }))
  return measured
    .sort((one, other) => (one.size === other.size ? 0 : one.size - other.size))
    .map(({ target }) => target)
}

/** By what a typical request costs. */
export const cheapest = ascending

/** The share of requests that goes to a target nobody has measured, to find out. */
export const exploredShare = 0.1

/**
 * By the measured time to answer. What is not measured comes last, except now and then: `draw`, from 0 to 1, decides
 * whether one of these comes first, and which.
 */
export const fastest = (
  targets: ReadonlyArray<Target>,
  measured: (target: Target) => number | null,
  draw: number
): ReadonlyArray<Target> => {
  const order = ascending(targets, measured)
  const unknown = order.filter((target) => measured(target) === null)
  const chosen = draw < exploredShare ? unknown[Math.floor((draw / exploredShare) * unknown.length)] : undefined
  return chosen === undefined ? order : [chosen, ...order.filter((target) => target !== chosen)]
}

export interface Sources {
  /** What a typical request costs there, in any unit; null when unknown. */
  readonly price: (target: Target) => number | null
  /** Milliseconds; null when unknown. */
  readonly latency: (target: Target) => number | null
}

/** The plan's targets in the order of its strategy. */
export const order = (
  { strategy }: Plan,
  targets: ReadonlyArray<Target>,
  { latency, price }: Sources
): Effect.Effect<ReadonlyArray<Target>> => {
  if (targets.length < 2) return Effect.succeed(targets)
  switch (strategy) {
    case "ordered":
      return Effect.succeed(targets)
    case "cheapest":
      return Effect.sync(() => cheapest(targets, price))
    case "weighted":
      return Effect.map(Effect.replicateEffect(Random.next, targets.length), (draws) => weighted(targets, draws))
    case "fastest":
      return Effect.map(Random.next, (draw) => fastest(targets, latency, draw))
  }
}
