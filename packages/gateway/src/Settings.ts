/**
 * The configuration in force: an immutable snapshot, swapped whole. Whatever is computed from it is computed anew for
 * each snapshot and never patched.
 */
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"

export interface Service {
  /** The snapshot in force now. Read it once per request: a reload in between must not mix two. */
  readonly current: () => PenstockConfig
  /** A value computed from the snapshot, at most once for each. */
  readonly derive: <A>(compute: (config: PenstockConfig) => A) => () => A
  /** The file that is read, for messages that say where to change something; null when a program made the settings. */
  readonly file: string | null
}

export class Settings extends Context.Tag("@penstock/gateway/Settings")<Settings, Service>() {}

/** Settings over a way to read the snapshot in force. */
export const make = (current: () => PenstockConfig, file: string | null = null): Service => ({
  current,
  file,
  derive: (compute) => {
    let computed: { readonly from: PenstockConfig; readonly value: ReturnType<typeof compute> } | undefined
    return () => {
      const config = current()
      if (computed === undefined || computed.from !== config) computed = { from: config, value: compute(config) }
      return computed.value
    }
  }
})

/** Settings that never change. */
export const layer = (config: PenstockConfig): Layer.Layer<Settings> =>
  Layer.succeed(
    Settings,
    make(() => config)
  )
