/** Endpoints that a provider is said to have: those that there is a way to ask for in its protocol. */
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import * as Endpoints from "@penstock/gateway/providers/Endpoints"
import type { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import type { Report } from "./Report.ts"

export const check = (file: PenstockFile, report: Report) => {
  for (const [name, { embedding_batch, endpoints, protocol: written }] of Object.entries(file.providers)) {
    const builtIn = Object.hasOwn(BuiltIn.providers, name) ? BuiltIn.providers[name] : undefined
    const protocol = written ?? builtIn?.protocol
    if (protocol === undefined) continue
    const possible = Endpoints.possible[protocol]
    endpoints?.forEach((endpoint, at) => {
      if (possible.includes(endpoint)) return
      const hint = `those of ${protocol} are ${possible.join(", ")}; a server that also speaks OpenAI's is a provider of its own`
      report.error(["providers", name, "endpoints", at], `protocol ${protocol} has no ${endpoint}`, hint)
    })
    if (embedding_batch !== undefined && !(endpoints ?? possible).includes("embeddings")) {
      report.warning(
        ["providers", name, "embedding_batch"],
        "the provider has no embeddings: it has no effect",
        null,
        "key"
      )
    }
  }
}
