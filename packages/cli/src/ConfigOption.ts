/** `--config`, which several commands take. */
import * as Options from "@effect/cli/Options"

export const configFile = Options.text("config").pipe(
  Options.withPseudoName("file"),
  Options.optional,
  Options.withDescription("The configuration file (PENSTOCK_CONFIG, else penstock.yaml where there is one)")
)
