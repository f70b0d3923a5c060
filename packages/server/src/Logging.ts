/** Log lines: for a person on a terminal, JSON otherwise. Always on stderr, as stdout belongs to what was asked for. */
import { Settings } from "@penstock/gateway/Settings"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

const levels: { readonly [L in PenstockConfig["logging"]["level"]]: LogLevel.LogLevel } = {
  trace: LogLevel.Trace,
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  none: LogLevel.None
}

export const layer = Layer.unwrapEffect(
  Effect.map(Settings, (settings) =>
    Layer.merge(
      Logger.replace(
        Logger.defaultLogger,
        process.stderr.isTTY ? Logger.prettyLogger({ stderr: true }) : Logger.withConsoleError(Logger.jsonLogger)
      ),
      Logger.minimumLogLevel(levels[settings.current().logging.level])
    )
  )
)
