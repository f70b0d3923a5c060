import { assert, describe, it } from "@effect/vitest"
import * as AddressGuard from "@penstock/gateway/mcp/AddressGuard"

const addressesOf = (guard: AddressGuard.Guard, name: string) =>
  new Promise<unknown>((resolve) =>
    guard.lookup(name, { all: true }, (error, addresses) => resolve(error ?? addresses))
  )

describe("addresses that others give", () => {
  it.each([
    ..."127.0.0.1 10.1.2.3 172.31.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255".split(
      " "
    ),
    ..."::1 :: fe80::1 fd00::1 fec0::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ff02::1".split(
      " "
    )
  ])("%s is private", (address) => assert.isTrue(AddressGuard.isPrivate(address)))

  it.each("1.1.1.1 8.8.8.8 172.32.0.1 2606:4700:4700::1111 ::ffff:8.8.8.8".split(" "))("%s is not", (address) =>
    assert.isFalse(AddressGuard.isPrivate(address))
  )

  it.each(["http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:7f00:1]/", "http://[::1]:80/mcp"])(
    "%s is seen through",
    (url) => assert.throws(() => AddressGuard.make(() => []).admit(new URL(url)))
  )

  it("are judged by what a name resolves to, unless the host is allowed", async () => {
    const refused = await addressesOf(
      AddressGuard.make(() => []),
      "localhost"
    )
    assert.instanceOf(refused, Error)
    assert.isArray(
      await addressesOf(
        AddressGuard.make(() => ["*host"]),
        "LOCALHOST"
      )
    )
  })
})
