/**
 * How fast targets have answered lately: an average in which each further measurement weighs a fifth, of streams (time
 * to the first token) and of whole answers (time to the end) apart, since one says nothing of the other.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface Measured {
  readonly provider: string
  readonly model: string
}

export interface Service {
  /** Milliseconds; null when nothing was measured within the last ten minutes: it may be another matter by now. */
  readonly of: (target: Measured, stream: boolean) => number | null
  readonly add: (target: Measured, stream: boolean, millis: number) => void
}

export class Latencies extends Context.Tag("@penstock/gateway/routing/Latencies")<Latencies, Service>() {}

interface Average {
  millis: number
  at: number
}

const weight = 0.2
const freshMillis = 600_000
/** The names are the callers', so there is a bound; the oldest is forgotten. */
const averagesKept = 10_000

const keyOf = ({ model, provider }: Measured, stream: boolean): string => `${provider}\n${model}\n${stream}`

/** Over a clock: `now` gives milliseconds since the epoch. */
export const over = (now: () => number): Service => {
  const averages = new Map<string, Average>()
  return {
    of: (target, stream) => {
      const average = averages.get(keyOf(target, stream))
      return average === undefined || average.at < now() - freshMillis ? null : average.millis
    },
    add: (target, stream, millis) => {
      const key = keyOf(target, stream)
      const at = now()
      const average = averages.get(key)
      if (average !== undefined && average.at >= at - freshMillis) {
        average.millis += weight * (millis - average.millis)
        average.at = at
        return
      }
      const [oldest] = averages.keys()
      if (oldest !== undefined && averages.size >= averagesKept) averages.delete(oldest)
      averages.set(key, { millis, at })
    }
  }
}

export const layer: Layer.Layer<Latencies> = Layer.effect(
  Latencies,
  Clock.clockWith((clock) => Effect.sync(() => over(() => clock.unsafeCurrentTimeMillis())))
)
