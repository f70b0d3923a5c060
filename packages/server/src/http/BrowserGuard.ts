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

/** Names are in lower case. */
export interface Headers {
  readonly host?: string | undefined
  readonly origin?: string | undefined
}

/** What an authority names: `127.0.0.1:8080` is `127.0.0.1`, `[::1]:80` is `::1`. */
const hostname = (authority: string): string =>
  authority
    .replace(/:\d+$/, "")
    .replaceAll(/^\[|\]$/g, "")
    .toLowerCase()

/** A name that nobody can make point here: an address is no name at all. */
const isOurs = (name: string, host: string): boolean =>
  name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0 || name === host.toLowerCase()

/**
 * Why a request is another site's, whatever keys there are; null where nothing says so. A server that only this machine
 * reaches is called by this machine's names; one that others reach may have any, and is called by its own pages.
 */
export const foreign = ({ host, origin }: Headers, server: PenstockConfig["server"]): GatewayError | null => {
  const advice = server.auth === "none" ? " With `server.auth: keys` it may be called from anywhere." : ""
  if (host !== undefined && isLoopback(server.host) && !isOurs(hostname(host), server.host)) {
    return make(
      "forbidden",
      `This server is not called ${host.slice(0, 100)}: use its address, or localhost.${advice}`,
      { param: "host" }
    )
  }
  if (origin !== undefined && origin !== `http://${host ?? ""}` && origin !== `https://${host ?? ""}`) {
    return make("forbidden", `Pages of ${origin.slice(0, 100)} may not call this server.${advice}`, {
      param: "origin"
    })
  }
  return null
}

/** Why a request is not let in; null for one that is. A page of another site has no key that it was not given. */
export const refusal = (headers: Headers, { server }: PenstockConfig): GatewayError | null =>
  server.auth === "none" ? foreign(headers, server) : null

/** What is open to everyone tells nothing and changes nothing. */
const guarded = /^\/(?:v1|dashboard|metrics)(?:[/?#]|$)/

/** Around what must not be called by other people's pages. */
export const guard =
  (current: () => PenstockConfig) =>
  <E, R>(app: HttpApp.Default<E, R>): HttpApp.Default<E | GatewayError, R | HttpServerRequest.HttpServerRequest> =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers, url }): HttpApp.Default<E | GatewayError, R> => {
      const { host, origin } = headers
      const refused = guarded.test(url) ? refusal({ host, origin }, current()) : null
      return refused === null ? app : Effect.fail(refused)
    })
