/** Bodies as networks deliver them: in pieces that end anywhere. */
import * as fc from "effect/FastCheck"

/** How a body is cut: byte by byte, not at all, or at the places that the seeds say. */
export type Cut = "bytes" | "whole" | ReadonlyArray<number>

export const cut: fc.Arbitrary<Cut> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom("bytes" as const, "whole" as const) },
  { weight: 4, arbitrary: fc.array(fc.nat(), { maxLength: 12 }) }
)

export const chunksOf = (bytes: Uint8Array, how: Cut): Array<Uint8Array> => {
  if (how === "whole") return [bytes]
  if (how === "bytes") return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
  const marks = [...new Set(how.map((seed) => seed % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...marks].map((from, position) => bytes.subarray(from, marks[position] ?? bytes.length))
}

export interface SseOptions {
  readonly newline: "\n" | "\r\n"
  /** Whether keep-alive comments come between events, as many servers send them. */
  readonly comments: boolean
}

export const sseOptions: fc.Arbitrary<SseOptions> = fc.record({
  newline: fc.constantFrom("\n" as const, "\r\n" as const),
  comments: fc.boolean()
})

/** Events as the text of a body. */
export const sse = (
  events: ReadonlyArray<{ readonly event: string; readonly data: string }>,
  { comments, newline }: SseOptions
): Buffer =>
  Buffer.from(
    events
      .map(({ data, event }) =>
        [
          ...(comments ? [": keep-alive é", ""] : []),
          ...(event === "" ? [] : [`event: ${event}`]),
          ...data.split("\n").map((line) => `data: ${line}`),
          "",
          ""
        ].join(newline)
      )
      .join("")
  )

export const ndjson = (lines: ReadonlyArray<string>, newline: "\n" | "\r\n"): Buffer =>
  Buffer.from(lines.map((line) => line + newline).join(""))
