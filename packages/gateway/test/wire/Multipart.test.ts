import { assert, describe, it } from "@effect/vitest"
import * as Multipart from "@penstock/gateway/wire/Multipart"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"

const boundary = "----x0y1"
interface Part {
  readonly name: string
  readonly value: Uint8Array
  readonly filename: string | null
}
const write = (parts: ReadonlyArray<Part>, end = `--${boundary}--\r\n`): Buffer =>
  Buffer.concat([
    ...parts.flatMap(({ filename, name, value }) => [
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename === null ? "" : `; filename="${filename}"`}\r\n` +
          (filename === null ? "" : "Content-Type: audio/wav\r\n") +
          "\r\n"
      ),
      Buffer.from(value),
      Buffer.from("\r\n")
    ]),
    Buffer.from(end)
  ])

const word = fc.stringMatching(/^[A-Za-z_[\]]{1,12}$/)
const part: fc.Arbitrary<Part> = fc.record({
  name: word,
  value: fc
    .oneof(
      fc.uint8Array({ maxLength: 200 }),
      // What looks like an end and is none.
      fc.constantFrom("\r\n", "\r\n--", `\r\n--${boundary.slice(0, -1)}`, `x--${boundary}`, "\r\n\r\n").map(Buffer.from)
    )
    .filter((value) => !Buffer.from(value).includes(`\r\n--${boundary}`)),
  filename: fc.option(word)
})

describe("a form", () => {
  it("is read with every field where it is, whatever its values hold", () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const bytes = write(parts)
        const { fields } = Either.getOrThrow(Multipart.parse(bytes, boundary))
        assert.deepStrictEqual(
          fields.map(({ isFile, name, value }) => [name, isFile, bytes.toString("latin1", value.start, value.end)]),
          parts.map(({ filename, name, value }) => [name, filename !== null, Buffer.from(value).toString("latin1")])
        )
      })
    )
  })

  it("with a value that begins with the boundary is none: another reader would find other fields", () => {
    const value = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\nother`)
    assert.isTrue(Either.isLeft(Multipart.parse(write([{ name: "a", value, filename: null }]), boundary)))
  })

  it("that is cut anywhere is none", () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.nat(), (parts, at) => {
        const bytes = write(parts)
        // What follows the last two dashes says nothing.
        const cut = at % (bytes.length - 2)
        assert.isTrue(Either.isLeft(Multipart.parse(bytes.subarray(0, cut), boundary)))
      })
    )
  })

  it("is the same under another boundary, and another with other contents", () => {
    const contents = (value: string, by: string) => {
      const bytes = Buffer.from(
        write([{ name: "a", value: Buffer.from(value), filename: null }])
          .toString()
          .replaceAll(boundary, by)
      )
      return Multipart.contents(bytes, Either.getOrThrow(Multipart.parse(bytes, by))).toString()
    }
    assert.strictEqual(contents("x", "one"), contents("x", "two"))
    assert.notStrictEqual(contents("x", "one"), contents("y", "one"))
  })

  it("has its texts, lists included, and not its files", () => {
    const parts = ["b", "c"].map((value) => ({ name: "a[]", value: Buffer.from(value), filename: null }))
    const bytes = write([...parts, { name: "f", value: Buffer.from("sound"), filename: "f.wav" }])
    const form = Either.getOrThrow(Multipart.parse(bytes, boundary))
    assert.deepStrictEqual(Multipart.texts(bytes, form), { "a[]": ["b", "c"] })
  })
})

describe("the boundary of a content type", () => {
  it("is found, quoted or not, and only where there is a form", () => {
    assert.strictEqual(Multipart.boundaryOf("multipart/form-data; boundary=abc"), "abc")
    assert.strictEqual(Multipart.boundaryOf('Multipart/Form-Data; charset=utf-8; boundary="a b;c"'), "a b;c")
    assert.isNull(Multipart.boundaryOf("multipart/form-data"))
    assert.isNull(Multipart.boundaryOf("multipart/mixed; boundary=abc"))
    assert.isNull(Multipart.boundaryOf(`multipart/form-data; boundary=${"x".repeat(71)}`))
    assert.isNull(Multipart.boundaryOf(undefined))
  })
})
