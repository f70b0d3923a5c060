/** `secrets` of the configuration in force, uncovered for the steps that send them. */
import { Settings } from "@penstock/gateway/Settings"
import { Secrets } from "@penstock/workflow/runtime/World"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"

export const layer: Layer.Layer<Secrets, never, Settings> = Layer.effect(
  Secrets,
  Effect.map(Settings, (settings) => settings.derive(({ secrets }) => Record.map(secrets, Redacted.value)))
)
