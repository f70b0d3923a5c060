/** The first thing that a newcomer sees: what is configured, what is not and why, and a command to try. */
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { Provider } from "@penstock/gateway/providers/Provider"
import { Landing } from "@penstock/schema/api/StatusApi"
import { version } from "@penstock/schema/api/Version"
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

const escapes: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character)

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1b2430;background:#fff}
h1{font-size:1.6rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}small{color:#5b6775;font-weight:400}
pre{background:#f3f5f7;padding:.9rem;border-radius:6px;overflow-x:auto}table{border-collapse:collapse}
td{padding:.2rem 1.2rem .2rem 0;vertical-align:top}a{color:#0a5fb4}
@media(prefers-color-scheme:dark){body{color:#e6eaf0;background:#12161c}pre{background:#1d242d}small{color:#9aa7b5}a{color:#6cb2ff}}`

/** One page without a script, and without anything from elsewhere. */
export const html = (page: Landing): string => {
  const providers = Object.entries(page.providers).map(
    ([name, state]) => `<tr><td><code>${escape(name)}</code></td><td>${escape(state)}</td></tr>`
  )
  const names = page.models.map((name) => `<code>${escape(name)}</code>`).join(", ")
  const links = Object.entries(page.links).map(([name, to]) => `<a href="${escape(to)}">${escape(name)}</a>`)
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Penstock</title><style>${style}</style></head>
<body>
<h1>Penstock <small>${escape(page.version)}</small></h1>
<p>An AI gateway: one metered address in front of many providers.</p>
<h2>Try it</h2>
<pre>${escape(page.try)}</pre>
<h2>Providers</h2>
<table>${providers.join("")}</table>
<h2>Names of the configuration</h2>
<p>${names === "" ? "none" : names}</p>
<h2>Go on</h2>
<p>${links.join(" · ")}</p>
</body>
</html>
`
}
