import { assert, describe, it } from "@effect/vitest"
import * as JsonEdit from "@penstock/gateway/wire/JsonEdit"
import * as fc from "effect/FastCheck"

const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/)
const strings = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("model", '"model":"x"', "\\", '\\"', '{"', "}]", "é👩‍👩‍👧‍👦", "\u0000")
)

/** A JSON text of a value, with random white space and random escapes. */
const textOf = (value: unknown): fc.Arbitrary<string> => {
  if (typeof value === "string") return spelled(value)
  if (value === null || typeof value !== "object") return fc.constant(JSON.stringify(value))
  const list = Array.isArray(value)
  const members = list
    ? value.map(textOf)
    : Object.entries(value).map(([key, each]) =>
        fc
          .tuple(fc.constant(JSON.stringify(key)), space, space, textOf(each))
          .map(([key, before, after, text]) => `${key}${before}:${after}${text}`)
      )
  return fc.tuple(fc.tuple(...members.map((member) => fc.tuple(space, member, space))), space).map(([all, empty]) => {
    const inside = all.length === 0 ? empty : all.map((each) => each.join("")).join(",")
    return list ? `[${inside}]` : `{${inside}}`
  })
}
const spelled = (value: string): fc.Arbitrary<string> =>
  fc
    .boolean()
    .map((escaped) =>
      escaped
        ? `"${[...Array(value.length).keys()].map((at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, "0")}`).join("")}"`
        : JSON.stringify(value)
    )

const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      strings,
      fc.constant(null)
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("model", "messages", "é", "a b", "}", "stream", "model "), tie("value"), {
      maxKeys: 4
    })
  )
})).value

/** A key that is written without escapes. */
const keys = fc.constantFrom("messages", "stream", "modelx", "xmodel", "MODEL", "é", "}", ":", "a,b", " model")

interface Drawn {
  readonly before: string
  readonly value: string
  readonly after: string
}

/** An object's text in three pieces around the value of `model`. */
const withModel: fc.Arbitrary<Drawn> = fc
  .record({
    entries: fc.uniqueArray(fc.tuple(keys, anything), { selector: ([key]) => key, maxLength: 5 }),
    model: anything,
    at: fc.nat({ max: 5 })
  })
  .chain(({ at, entries, model }) =>
    fc
      .record({
        entries: fc.tuple(...entries.map(([key, value]) => textOf({ [key]: value }).map((text) => text.slice(1, -1)))),
        value: textOf(model),
        spaces: fc.tuple(space, space, space, space, space)
      })
      .map(({ entries, spaces, value }) => {
        const index = Math.min(at, entries.length)
        const [lead, beforeKey, beforeColon, afterColon, tail] = spaces
        const before = entries
          .slice(0, index)
          .map((entry) => `${entry},`)
          .join("")
        const after = entries
          .slice(index)
          .map((entry) => `,${entry}`)
          .join("")
        return {
          before: `${lead}{${before}${beforeKey}"model"${beforeColon}:${afterColon}`,
          value,
          after: `${tail}${after}}${lead}`
        }
      })
  )

const runs = { numRuns: 1000 }

describe("the value of a top-level key", () => {
  it("is found to the byte, whatever stands around it and in it", () => {
    fc.assert(
      fc.property(withModel, ({ after, before, value }) => {
        const bytes = Buffer.from(before + value + after)
        const range = JsonEdit.valueRange(bytes, "model")
        assert.deepStrictEqual(range, {
          start: Buffer.byteLength(before),
          end: Buffer.byteLength(before) + Buffer.byteLength(value)
        })
      }),
      runs
    )
  })

  it("is replaced, and nothing else changes", () => {
    fc.assert(
      fc.property(withModel, strings, ({ after, before, value }, model) => {
        const bytes = Buffer.from(before + value + after)
        const replaced = JsonEdit.replace(bytes, JsonEdit.valueRange(bytes, "model")!, JSON.stringify(model))
        assert.strictEqual(replaced.toString(), before + Buffer.from(JSON.stringify(model)).toString() + after)
        assert.deepStrictEqual(JSON.parse(replaced.toString()), { ...JSON.parse(bytes.toString()), model })
      }),
      runs
    )
  })

  it("is not looked for inside other values", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const bytes = Buffer.from(JSON.stringify({ messages: value, text: '"model": "x"' }))
        assert.isNull(JsonEdit.valueRange(bytes, "model"))
      }),
      runs
    )
  })

  it("is none when the text cannot be edited safely: a key given twice, or spelled with escapes", () => {
    for (const text of [
      '{"model":"a","model":"b"}',
      '{"model":"a","x":1,"model":"a"}',
      '{"mod\\u0065l":"a"}',
      '{"model":"a","mod\\u0065l":"b"}',
      '{"\\u006dodel":"b","model":"a"}',
      "{}",
      " { } ",
      '{"messages":[]}'
    ]) {
      assert.isNull(JsonEdit.valueRange(Buffer.from(text), "model"), text)
    }
  })
})

describe("a key put in front", () => {
  it("leaves everything else as it was", () => {
    fc.assert(
      fc.property(withModel, anything, ({ after, before, value }, added) => {
        const text = before + value + after
        const longer = JsonEdit.prepend(Buffer.from(text), "added", JSON.stringify(added)).toString()
        assert.isTrue(longer.endsWith(Buffer.from(text.slice(text.indexOf("{") + 1)).toString()))
        const parsed: object = JSON.parse(longer)
        assert.deepStrictEqual(parsed, {
          ...JSON.parse(Buffer.from(text).toString()),
          added: JSON.parse(JSON.stringify(added))
        })
      }),
      runs
    )
  })
})

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

describe("the depth of a text", () => {
  it("is that of its objects and arrays, brackets in strings aside", () => {
    fc.assert(
      fc.property(
        anything.chain((value) => textOf(value).map((text) => ({ value, text }))),
        ({ text, value }) => {
          const depth = depthOf(value)
          assert.isFalse(JsonEdit.isDeeperThan(Buffer.from(text), depth))
          if (depth > 0) assert.isTrue(JsonEdit.isDeeperThan(Buffer.from(text), depth - 1))
        }
      ),
      runs
    )
  })

  it("is known for a text that a parser would choke on, whole or broken off", () => {
    assert.isTrue(JsonEdit.isDeeperThan(Buffer.from("[".repeat(1_000_000)), 100))
    assert.isTrue(JsonEdit.isDeeperThan(Buffer.from('{"a":'.repeat(1_000_000)), 100))
    assert.isFalse(JsonEdit.isDeeperThan(Buffer.from(`"${"[".repeat(1000)}`), 0))
    assert.isFalse(JsonEdit.isDeeperThan(Buffer.from(`["${"\\".repeat(999)}"[`), 1))
  })
})
