/**
 * The hosts that `http` steps may reach: those of `http.allow_hosts` and no other. A host that is written out may be in
 * a private network; one that only a pattern allows may not, whatever its name leads to when it is called.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as AddressGuard from "@penstock/gateway/mcp/AddressGuard"
import * as NamePattern from "@penstock/gateway/routing/NamePattern"
import { Settings } from "@penstock/gateway/Settings"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import type { HostList } from "@penstock/workflow/checker/Catalogues"
import * as Http from "@penstock/workflow/runtime/Http"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isIP } from "node:net"

const isPattern = (entry: string): boolean => entry.includes("*")

/** `localhost` of `localhost:8080`; an IPv6 address stands in brackets. */
const nameOf = (host: string): string => host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "")

export const of = ({ allow_hosts }: PenstockConfig["http"]): HostList => {
  const names = allow_hosts.map((entry) => entry.toLowerCase())
  return {
    names,
    allows: (address) => {
      const host = address.toLowerCase()
      if (names.includes(host)) return true
      const name = nameOf(host)
      if (isIP(name) !== 0 && AddressGuard.isPrivate(name)) return false
      return names.some((entry) => isPattern(entry) && NamePattern.matches(entry, host))
    }
  }
}

const advice = "Write the host itself into `http.allow_hosts` in the configuration: a pattern opens no private network."

/** Follows the configuration in force. Redirects are not followed: they lead to hosts that nobody listed. */
export const layer: Layer.Layer<Http.Http, never, Settings> = Layer.unwrapEffect(
  Effect.map(Settings, (settings) => {
    const current = settings.derive(({ http }) => of(http))
    const list: HostList = {
      allows: (host) => current().allows(host),
      get names() {
        return current().names
      }
    }
    const written = () => current().names.flatMap((entry) => (isPattern(entry) ? [] : [nameOf(entry)]))
    const { lookup } = AddressGuard.make(written, advice)
    const client: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerWithoutAgent.pipe(
      Layer.provide(NodeHttpClient.makeAgentLayer({ lookup }))
    )
    return Http.layer(list).pipe(Layer.provide(client))
  })
)
