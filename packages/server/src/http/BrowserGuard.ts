/**
 * Without keys, whoever reaches a loopback address may do everything, and a page of any site runs in a browser that
 * reaches it. Two things tell such a page from the operator: the name that it called this server by, when it had a name
 * of its own point here (DNS rebinding), and the origin that the browser says it comes from.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import type { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Effect from "effect/Effect"
import { isIP } from "node:net"
import { isLoopback } from "../config/CrossChecks.ts"

/** What an authority names: `127.0.0.1:8080` is `127.0.0.1`, `[::1]:80` is `::1`. */
const hostname = (authority: string): string =>
  authority
    .replace(/:\d+$/, "")
    .replaceAll(/^\[|\]$/g, "")
    .toLowerCase()

/** A name that nobody can make point here: an address is no name at all. */
const isOurs = (name: string, host: string): boolean =>
  name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0 || name === host.toLowerCase()

const advice = "With `server.auth: keys` it may be called from anywhere."

/** Why a request is not let in; null for one that is. Names of headers are in lower case. */
export const refusal = (
  headers: { readonly [name: string]: string | undefined },
  { server }: PenstockConfig
): GatewayError | null => {
  if (server.auth !== "none" || !isLoopback(server.host)) return null
  const { host, origin } = headers
  if (host !== undefined && !isOurs(hostname(host), server.host)) {
    return make(
      "forbidden",
      `This server is not called ${host.slice(0, 100)}: use its address, or localhost. ${advice}`,
      { param: "host" }
    )
  }
  if (origin !== undefined && origin !== `http://${host ?? ""}` && origin !== `https://${host ?? ""}`) {
    return make("forbidden", `Pages of ${origin.slice(0, 100)} may not call this server. ${advice}`, {
      param: "origin"
    })
  }
  return null
}

/** What is open to everyone tells nothing and changes nothing. */
const guarded = /^\/(?:v1|dashboard|metrics)(?:[/?#]|$)/

/** Around what must not be called by other people's pages. */
export const guard =
  (current: () => PenstockConfig) =>
  <E, R>(app: HttpApp.Default<E, R>): HttpApp.Default<E | GatewayError, R | HttpServerRequest.HttpServerRequest> =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, url }): HttpApp.Default<E | GatewayError, R> => {
      const refused = guarded.test(url) ? refusal(headers, current()) : null
      return refused === null ? app : Effect.fail(refused)
    })
