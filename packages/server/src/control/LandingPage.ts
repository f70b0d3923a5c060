/** The first thing that a newcomer sees: what is configured, what is not and why, and a command to try. */
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { Provider } from "@penstock/gateway/providers/Provider"
import { Landing } from "@penstock/schema/api/StatusApi"
import { version } from "@penstock/schema/api/Version"
import { escape, page } from "./Html.ts"
import { documentPaths } from "./Paths.ts"

const authority = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** Where the caller reached this server; the `Host` header is repeated only if it is one. */
const baseUrl = (host: string | undefined, { server }: PenstockConfig): string =>
  `http://${host !== undefined && authority.test(host) ? host : `${server.host}:${server.port}`}`

const command = (base: string, { server }: PenstockConfig): string =>
  [
    `curl ${base}/v1/chat/completions`,
    ...(server.auth === "keys" ? ['-H "authorization: Bearer $PENSTOCK_KEY"'] : []),
    "-H 'content-type: application/json'",
    `-d '{"model": "demo/echo", "messages": [{"role": "user", "content": "Hello"}]}'`
  ].join(" \\\n  ")

export const landing = (
  config: PenstockConfig,
  providers: ReadonlyArray<Provider>,
  names: ReadonlyArray<string>,
  host: string | undefined
): Landing => {
  const base = baseUrl(host, config)
  const links = {
    dashboard: documentPaths.dashboard,
    models: "/v1/models",
    requests: "/v1/requests",
    costs: "/v1/costs?by=model,day",
    readiness: "/ready",
    reference: documentPaths.docs,
    openapi: documentPaths.spec
  }
  return new Landing({
    name: "penstock",
    version,
    providers: Object.fromEntries(providers.map(({ missing, name }) => [name, missing?.message ?? "configured"])),
    models: names,
    links: Object.fromEntries(Object.entries(links).map(([name, path]) => [name, base + path])),
    try: command(base, config)
  })
}

/** As a page for a browser. */
export const html = (landing: Landing): string => {
  const providers = Object.entries(landing.providers).map(
    ([name, state]) => `<tr><td><code>${escape(name)}</code></td><td>${escape(state)}</td></tr>`
  )
  const names = landing.models.map((name) => `<code>${escape(name)}</code>`).join(", ")
  const links = Object.entries(landing.links).map(([name, to]) => `<a href="${escape(to)}">${escape(name)}</a>`)
  return page(
    "Penstock",
    `<h1>Penstock <small>${escape(landing.version)}</small></h1>
<p>An AI gateway: one metered address in front of many providers.</p>
<h2>Try it</h2>
<pre>${escape(landing.try)}</pre>
<h2>Providers</h2>
<table>${providers.join("")}</table>
<h2>Names of the configuration</h2>
<p>${names === "" ? "none" : names}</p>
<h2>Go on</h2>
<p>${links.join(" · ")}</p>`
  )
}
