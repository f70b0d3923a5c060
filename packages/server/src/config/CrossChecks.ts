/** What no single value can tell: whether names lead somewhere, whether anybody could get in, or everybody. */
import * as BuiltIn from "@penstock/gateway/providers/BuiltIn"
import type { PenstockConfig, PenstockFile } from "@penstock/schema/config/PenstockConfig"
import * as Redacted from "effect/Redacted"
import type { Path } from "./ConfigSource.ts"
import * as EndpointChecks from "./EndpointChecks.ts"
import * as FailoverChecks from "./FailoverChecks.ts"
import * as FaultChecks from "./FaultChecks.ts"
import * as LimitChecks from "./LimitChecks.ts"
import * as McpChecks from "./McpChecks.ts"
import * as ModelChecks from "./ModelChecks.ts"
import type { Names, Report } from "./Report.ts"
import { didYouMean } from "@penstock/schema/Suggestion"

/** Only `*` is special in a pattern. */
const checkPattern = (pattern: string, path: Path, report: Report) => {
  if (/[?[\]{}()|^$\\+]|\*\*/.test(pattern)) {
    report.error(
      path,
      `expected a pattern in which only * is special, found ${JSON.stringify(pattern)}`,
      'write a list of patterns such as ["gpt-*", "o1*"]'
    )
  }
}

const checkRoutes = (file: PenstockFile, names: Names, report: Report) => {
  let last = false
  file.routes.forEach((route, index) => {
    if (!names.providers.includes(route.provider)) {
      report.error(["routes", index, "provider"], ...ModelChecks.unknownProvider(route.provider, names))
    }
    if (last) report.warning(["routes", index], 'can never match: a route with "*" stands before it', 'put "*" last')
    route.match.forEach((pattern, at) => checkPattern(pattern, ["routes", index, "match", at], report))
    last = last || route.match.includes("*")
  })
}

const checkProviders = (file: PenstockFile, report: Report) => {
  for (const [name, provider] of Object.entries(file.providers)) {
    const path = ["providers", name]
    const builtIn = Object.hasOwn(BuiltIn.providers, name) ? BuiltIn.providers[name] : undefined
    const protocol = provider.protocol ?? builtIn?.protocol
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name) || name === "workflow") {
      report.error(path, "expected letters, digits, . _ or - as a provider's name", "choose another name", "key")
    }
    if (protocol === undefined) {
      const hint = "expected one of openai, anthropic, ollama, demo; most vendors speak openai"
      report.error(path, `"protocol" is missing`, didYouMean(name, Object.keys(BuiltIn.providers)) ?? hint, "key")
    }
    if (builtIn !== undefined && provider.protocol !== undefined && provider.protocol !== builtIn.protocol) {
      const message = `the built-in provider ${name} speaks ${builtIn.protocol}, found "${provider.protocol}"`
      report.error([...path, "protocol"], message, "give yours another name")
    }
    if (builtIn === undefined && protocol !== undefined && protocol !== "demo" && provider.base_url === undefined) {
      report.error(path, '"base_url" is missing', `write base_url: "http://…" under ${name}`, "key")
    }
    if (provider.base_url !== undefined && !URL.canParse(provider.base_url)) {
      report.error([...path, "base_url"], "expected an http:// or https:// address, found one that cannot be read")
    }
    for (const [header, value] of Object.entries(provider.headers)) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header) || /[^\t\u0020-\u007e\u0080-\u00ff]/.test(Redacted.value(value))) {
        report.error(
          [...path, "headers", header],
          "expected a header that HTTP allows: a plain name, one line of text",
          null,
          "key"
        )
      }
    }
  }
}

const checkKeys = (file: PenstockFile, names: Names, report: Report) => {
  const seenNames = new Map<string, number>()
  const seenKeys = new Map<string, string>()
  if (file.server.admin_key !== undefined) seenKeys.set(Redacted.value(file.server.admin_key), "the admin key")
  file.keys.forEach((key, index) => {
    const first = seenNames.get(key.name)
    if (first !== undefined) {
      report.error(["keys", index, "name"], `the name ${JSON.stringify(key.name)} was given to keys[${first}] before`)
    }
    seenNames.set(key.name, first ?? index)
    const same = seenKeys.get(Redacted.value(key.key))
    if (same !== undefined) report.error(["keys", index, "key"], `the same key as ${same}`, "give each its own")
    else seenKeys.set(Redacted.value(key.key), `that of ${key.name}`)
    key.models.forEach((pattern, at) => checkPattern(pattern, ["keys", index, "models", at], report))
  })
  if (file.server.auth === "keys" && names.keyCount === 0 && file.server.admin_key === undefined) {
    const hint = "declare one under `keys`, or set PENSTOCK_ADMIN_KEY and make them with the admin API"
    report.error(["server", "auth"], "auth: keys without any key lets nobody in", hint)
  }
}

const checkPricing = (file: PenstockFile, names: Names, report: Report) => {
  for (const name of Object.keys(file.pricing.overrides)) {
    const slash = name.indexOf("/")
    if (slash <= 0 || names.providers.includes(name.slice(0, slash))) continue
    const [message, hint] = ModelChecks.unknownProvider(name.slice(0, slash), names)
    report.warning(["pricing", "overrides", name], message, hint, "key")
  }
}

export const isLoopback = (host: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|\[?::ffff:127(?:\.\d{1,3}){3}\]?)$/i.test(host)

/** Everybody on the network could spend money. Checked apart, because a reload keeps the address that is in force. */
export const checkExposure = (server: PenstockConfig["server"], insecure: boolean, report: Pick<Report, "error">) => {
  if (server.auth === "none" && !insecure && !isLoopback(server.host)) {
    report.error(
      ["server", "host"],
      `${JSON.stringify(server.host)} lets others reach a gateway without keys (auth: none)`,
      "set server.auth: keys and declare `keys`, or listen on 127.0.0.1, or start with --insecure if that is meant"
    )
  }
}

export const check = (file: PenstockFile, names: Names, insecure: boolean, report: Report) => {
  checkExposure(file.server, insecure, report)
  checkProviders(file, report)
  ModelChecks.check(file, names, report)
  FailoverChecks.check(file, report)
  checkRoutes(file, names, report)
  checkKeys(file, names, report)
  checkPricing(file, names, report)
  LimitChecks.check(file, report)
  FaultChecks.check(file, report)
  EndpointChecks.check(file, report)
  McpChecks.check(file.mcp, report)
  if (/^[a-z][a-z0-9+]+:\/\//i.test(file.database)) {
    report.error(["database"], "expected the path of an SQLite file; this version keeps its data in no other database")
  }
}
