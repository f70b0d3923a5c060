/**
 * What is said and answered, for whoever tells a collector of it when a request is settled. There is nothing of the kind
 * unless `telemetry.content` asks for it at the start: then requests are not even looked at.
 */
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import type { GatewayError } from "@penstock/schema/GatewayError"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type { Call, Sink } from "./exchange/Call.ts"
import { Settings } from "./Settings.ts"

export interface Content {
  /** Null where it cannot be read. */
  readonly request: ChatRequest | null
  /** Of the answer, as far as it went. */
  readonly events: ReadonlyArray<StreamEvent>
}

export interface Service {
  /** Runs a call with a sink that remembers what goes through it until the call is over. */
  readonly around: <Out>(
    call: Call<Out>,
    sink: Sink<Out>,
    run: (call: Call<Out>, sink: Sink<Out>) => Effect.Effect<void, GatewayError>
  ) => Effect.Effect<void, GatewayError>
  /** Of a request under way; null where nothing is to be read. */
  readonly of: (id: string) => Content | null
}

/** Null where nobody wants to know. */
export class Contents extends Context.Reference<Contents>()("@penstock/gateway/Contents", {
  defaultValue: (): Service | null => null
}) {}

/** So much is remembered of an answer. */
const maxBytes = 1024 * 1024

/** An event is a word or two. */
const bytesOfEvent = 16

const sizeOf = (out: unknown): number =>
  out instanceof Uint8Array ? out.length : Array.isArray(out) ? out.length * bytesOfEvent : 0

export const make = (): Service => {
  const running = new Map<string, () => Content>()
  return {
    of: (id) => running.get(id)?.() ?? null,
    around: (call, sink, run) =>
      Effect.suspend(() => {
        const { asked, heard, id } = call
        if (asked === undefined || heard === undefined) return run(call, sink)
        const written: Array<Parameters<typeof sink.write>[0]> = []
        let size = 0
        const remembering: typeof sink = {
          ...sink,
          write: (out) => {
            size += sizeOf(out)
            if (size <= maxBytes) written.push(out)
            return sink.write(out)
          }
        }
        running.set(id, () => ({ request: Either.getOrNull(asked()), events: heard(written) }))
        return Effect.ensuring(
          run(call, remembering),
          Effect.sync(() => running.delete(id))
        )
      })
  }
}

/** As the configuration says at the start. */
export const layer: Layer.Layer<never, never, Settings> = Layer.effect(
  Contents,
  Effect.map(Settings, ({ current }) => {
    const { content, otlp_endpoint } = current().telemetry
    return content && otlp_endpoint !== null ? make() : null
  })
)
