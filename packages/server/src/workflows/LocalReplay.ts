/** Replays of runs that are kept on this machine. */
import * as Gateway from "@penstock/gateway/Gateway"
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Recording from "@penstock/workflow/testing/Recording"
import * as Replay from "@penstock/workflow/testing/Replay"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LocalRuns from "./LocalRuns.ts"
import * as Rehearsal from "./Rehearsal.ts"

export class NotReplayed extends Data.TaggedError("NotReplayed")<{ readonly message: string }> {}

export interface Options {
  /** The id or path of the first step that is run again; null to run none. */
  readonly from: string | null
  /** What the steps that are run again ask; null: what they asked. */
  readonly model: string | null
}

/** A gateway whose every question goes to one model. */
const layerModel = (model: string) =>
  Layer.effect(
    Gateway.Gateway,
    Effect.map(Gateway.Gateway, (gateway) => {
      const service: Gateway.Service = {
        ...gateway,
        complete: (request, options) => gateway.complete({ ...request, model }, options),
        stream: (request, options) => gateway.stream({ ...request, model }, options)
      }
      return service
    })
  )

const placeOf = (recording: Recording.Recording, step: string) => {
  const place = Recording.placeOf(recording, step)
  const begun = [...new Set(recording.steps.filter(({ type }) => type !== "turn").map(({ id }) => id))]
  return place === -1
    ? new NotReplayed({ message: `The run has no step "${step}" that began. There are: ${begun.join(", ")}.` })
    : Effect.succeed(place)
}

export const replay = Effect.fn("LocalReplay.replay")(function* (place: LocalRuns.Place, id: string, options: Options) {
  const recording = yield* Effect.flatMap(RunStore, (store) => Recording.read(store, id)).pipe(
    Effect.provide(LocalRuns.layerRecords(place))
  )
  if (recording === null) return yield* new NotReplayed({ message: `There is no run "${id}" in ${place.runs}.` })
  if (options.from === null) return yield* Effect.provide(Replay.replay(recording, null), Rehearsal.layer)
  const from = yield* placeOf(recording, options.from)
  const world = LocalRuns.layerWorld(place)
  const layer = options.model === null ? world : Layer.provideMerge(layerModel(options.model), world)
  return yield* Effect.provide(Replay.replay(recording, from), layer)
})
