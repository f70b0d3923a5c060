/**
 * Keeps addresses that others give us from leading into the network that we are in (SSRF). Names are judged by what they
 * resolve to, at the moment of connecting: a name that changes its mind between a check and its use gains nothing.
 */
import { lookup as resolveName, type LookupAddress, type LookupOptions } from "node:dns"
import { BlockList, isIP } from "node:net"
import * as NamePattern from "../routing/NamePattern.ts"
import { ConnectionFailure } from "./Connection.ts"

/** What is not on the open internet: this machine, private and link-local networks, and addresses of no host at all. */
const ipv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4"
]
/** Those that carry an IPv4 address within them (NAT64, 6to4, Teredo) are none to be given to us. */
const ipv6 = [
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "2001::/32",
  "2001:db8::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8"
]

const listOf = (family: "ipv4" | "ipv6", ranges: ReadonlyArray<string>): BlockList => {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = "", bits] = range.split("/")
    list.addSubnet(network, Number(bits), family)
  }
  return list
}

const blocked = { ipv4: listOf("ipv4", ipv4), ipv6: listOf("ipv6", ipv6) }

/** Whether an address (not a name) leads to this machine or a private network. */
export const isPrivate = (address: string): boolean => {
  if (isIP(address) === 4) return blocked.ipv4.check(address, "ipv4")
  // `::ffff:127.0.0.1` is the IPv4 address.
  return blocked.ipv6.check(address, "ipv6") || blocked.ipv4.check(address, "ipv6")
}

export interface Guard {
  /** Throws for an address that is written out and private. */
  readonly admit: (url: URL) => void
  /** Node's `dns.lookup`, but for names that lead to private addresses. */
  readonly lookup: (
    name: string,
    options: LookupOptions,
    done: (error: Error | null, address: string | Array<LookupAddress>, family?: number) => void
  ) => void
}

const forServers =
  "A URL given over HTTP may not lead there: add the host to `mcp.allow_hosts`, or the server to `mcp.servers`, in the " +
  "configuration."

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "")

/** `allowed`: patterns of hosts that may be private. Asked anew for each connection. `advice`: how to add one. */
export const make = (allowed: () => ReadonlyArray<string>, advice: string = forServers): Guard => {
  const refuse = (host: string, address: string) =>
    new ConnectionFailure({
      kind: "refused",
      message: `${host} leads to ${address}, an address of a private network. ${advice}`
    })
  const isAllowed = (host: string) =>
    allowed().some((pattern) => NamePattern.matches(pattern.toLowerCase(), host.toLowerCase()))
  return {
    admit: (url) => {
      const host = bare(url.hostname)
      if (isIP(host) !== 0 && isPrivate(host) && !isAllowed(host)) throw refuse(host, host)
    },
    lookup: (name, options, done) =>
      resolveName(name, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return done(error, [])
        const bad = isAllowed(name) ? undefined : addresses.find(({ address }) => isPrivate(address))
        if (bad !== undefined) return done(refuse(name, bad.address), [])
        const [first] = addresses
        if (options.all === true || first === undefined) return done(null, addresses)
        return done(null, first.address, first.family)
      })
  }
}
