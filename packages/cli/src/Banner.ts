/** What a person reads when the server listens: what works, what does not and why, and one request that does. */
import { renderWarnings } from "@penstock/server/config/ConfigIssue"
import type { ListeningFacts } from "@penstock/server/config/ServeOptions"
import { version } from "./Version.ts"

const providerLines = (providers: ListeningFacts["providers"]): ReadonlyArray<string> => {
  const width = Math.max(0, ...providers.map((provider) => provider.name.length))
  return providers.map(({ address, missing, name }) =>
    missing === null
      ? `  + ${name.padEnd(width)}  ${address}`
      : `  - ${name.padEnd(width)}  ${address}  (not configured: ${missing.message})`
  )
}

/** Works as it stands: the demo provider needs neither key nor network. */
const curl = (facts: ListeningFacts): string => {
  const body = JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: "Hello, Penstock" }] })
  const key = facts.auth === "keys" ? ' -H "authorization: Bearer $PENSTOCK_KEY"' : ""
  return `  curl ${reachable(facts.address)}/v1/chat/completions${key} -H 'content-type: application/json' -d '${body}'`
}

/** An address to call from this machine: "all addresses" is none that every client can reach. */
const reachable = (address: string): string => address.replace("//0.0.0.0", "//127.0.0.1").replace("//[::]", "//[::1]")

export const banner = (facts: ListeningFacts): string =>
  [
    `Penstock ${version} listens on ${facts.address}`,
    "",
    `OpenAI base URL  ${reachable(facts.address)}/v1`,
    `Configuration    ${facts.configPath ?? "none (penstock.yaml is optional; penstock.example.yaml shows what it may say)"}`,
    `Database         ${facts.database}`,
    `Access           ${facts.auth === "keys" ? "virtual keys" : "open: no key is asked for (server.auth: none)"}`,
    "",
    "Providers",
    ...providerLines(facts.providers),
    "",
    facts.auth === "keys" ? "Try it (with PENSTOCK_KEY set to one of the keys):" : "Try it:",
    curl(facts),
    "",
    ...(facts.warnings.length === 0 ? [] : [renderWarnings(facts.warnings), ""])
  ].join("\n")
