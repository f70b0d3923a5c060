/** A configuration put together from texts alone. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { assemble } from "@penstock/server/config/ConfigLoader"
import * as Environment from "@penstock/server/config/Environment"
import { variablesIn } from "@penstock/server/config/Interpolation"
import * as Overrides from "@penstock/server/config/Overrides"
import type { ConfigFlags } from "@penstock/server/config/ServeOptions"

export const noFlags: ConfigFlags = {
  config: Option.none(),
  host: Option.none(),
  port: Option.none(),
  database: Option.none(),
  workflows: Option.none(),
  insecure: false
}

export interface Given {
  readonly yaml?: string
  readonly env?: { readonly [name: string]: string }
  readonly dotenv?: string
  readonly flags?: Partial<ConfigFlags>
}

export const assembled = ({ dotenv, env = {}, flags = {}, yaml }: Given) =>
  Environment.read(
    [...Overrides.variables.map((variable) => variable.name), ...variablesIn(yaml ?? "")],
    dotenv === undefined ? null : { name: ".env", text: dotenv }
  ).pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
    Effect.flatMap((environment) =>
      assemble(yaml === undefined ? null : { name: "penstock.yaml", text: yaml }, environment, { ...noFlags, ...flags })
    )
  )
