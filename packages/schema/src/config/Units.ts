/** Durations and sizes as people write them: `500ms 5s 10m 24h 7d`, `25mb`. */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizeUnits = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

const quantity = (units: { readonly [unit: string]: number }, expected: string) =>
  Schema.transformOrFail(Schema.String, Schema.NonNegativeInt, {
    strict: true,
    decode: (text, _options, ast) => {
      const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim().toLowerCase())
      const unit = match?.[2] === undefined ? undefined : units[match[2]]
      return match === null || unit === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, expected))
        : ParseResult.succeed(Math.round(Number(match[1]) * unit))
    },
    encode: (value) => {
      const unit = Object.entries(units).findLast(([, factor]) => value % factor === 0 && value >= factor)
      return ParseResult.succeed(unit === undefined ? `0${Object.keys(units)[0]}` : `${value / unit[1]}${unit[0]}`)
    }
  })

/** A duration such as `500ms`, `5s`, `10m`, `24h` or `7d`; milliseconds after decoding. */
export const DurationMillis = quantity(
  durationUnits,
  "expected a duration such as 500ms, 5s, 10m, 24h or 7d"
).annotations({
  identifier: "Duration",
  description: "a duration such as 500ms, 5s, 10m, 24h or 7d"
})

/** What a timer can hold: one set further ahead fires at once. */
const longestTimer = 24 * durationUnits.d

/** As `DurationMillis`, for what is waited for: up to 24 days. */
export const TimerMillis = DurationMillis.pipe(
  Schema.lessThanOrEqualTo(longestTimer, { description: "a duration such as 500ms, 5s or 10m, at most 24d" })
)

/** As `TimerMillis`, where a duration of nothing would let nothing pass. */
export const PositiveTimerMillis = DurationMillis.pipe(
  Schema.between(1, longestTimer, {
    description: "a duration such as 500ms, 5s or 10m, above 0 and at most 24d",
    documentation: "leave the key out for the built-in value"
  })
)

/** A size such as `512kb` or `25mb` (powers of 1024); bytes after decoding. */
export const ByteSize = quantity(sizeUnits, "expected a size such as 512kb, 25mb or 1gb").annotations({
  identifier: "Size",
  description: "a size such as 512kb, 25mb or 1gb"
})
