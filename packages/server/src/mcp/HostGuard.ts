/**
 * Keeps pages of the web from reaching this server through a visitor's browser. A page may point a name of its own at
 * this machine (DNS rebinding): then `Host` is that name, and `Origin` the page's. Pure.
 */
import { localhostAllowedHostnames, validateHostHeader, validateOriginHeader } from "@modelcontextprotocol/server"

export interface Headers {
  readonly host?: string | undefined
  readonly origin?: string | undefined
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || host.startsWith("127.")

const asHostname = (host: string): string => (host.includes(":") ? `[${host}]` : host)

/**
 * What is wrong with a request, or null. A server that only this machine reaches is called by this machine's names. One
 * that others reach may have any name, but a page may call it only from there or from this machine.
 *
 * @param bound The address that the server listens on.
 */
export const check = (bound: string, { host, origin }: Headers): string | null => {
  const own = [...localhostAllowedHostnames(), asHostname(bound)]
  const named = validateHostHeader(host, own)
  if (isLoopback(bound)) {
    const sent = validateOriginHeader(origin, own)
    return !named.ok ? named.message : sent.ok ? null : sent.message
  }
  const sent = validateOriginHeader(origin, named.hostname === undefined ? own : [...own, named.hostname])
  return sent.ok ? null : sent.message
}
