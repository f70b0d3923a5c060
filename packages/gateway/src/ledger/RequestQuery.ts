/** A request filter made exact: times in milliseconds, the cursor read, the page size known. */
import type { RequestFilter, RequestPage, RequestRow, Status } from "@penstock/schema/LedgerEntry"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { LedgerQueryError } from "./Ledger.ts"

/** The place of a row in the list: newest first, and by id where the time is the same. */
export interface Position {
  readonly startedAt: number
  readonly id: string
}

export interface RequestQuery {
  readonly model: string | undefined
  readonly provider: string | undefined
  readonly key: string | undefined
  readonly workflow: string | undefined
  readonly status: Status | undefined
  /** Milliseconds since the epoch; inclusive. */
  readonly from: number | undefined
  /** Exclusive. */
  readonly to: number | undefined
  /** Only rows that come after this one in the list. */
  readonly after: Position | undefined
  readonly limit: number
}

/** A row and where it stands. */
export interface Placed extends Position {
  readonly row: RequestRow
}

const defaultLimit = 100
const largestLimit = 1000

const PositionFromText = Schema.decodeUnknownEither(Schema.parseJson(Schema.Tuple(Schema.Int, Schema.String)))

const encodeCursor = (position: Position): string =>
  Encoding.encodeBase64Url(JSON.stringify([position.startedAt, position.id]))

const decodeCursor = (cursor: string): Effect.Effect<Position, LedgerQueryError> =>
  Either.match(Either.flatMap(Encoding.decodeBase64UrlString(cursor), PositionFromText), {
    onLeft: () =>
      Effect.fail(
        new LedgerQueryError({ param: "cursor", message: "the cursor is not one: pass `next` of a page as it is" })
      ),
    onRight: ([startedAt, id]) => Effect.succeed({ startedAt, id })
  })

const dateTime = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/

/** Whether `YYYY-MM-DD` is a day of the calendar: 30 February is not. */
export const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const millis = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(text)
}

const instant = (param: string, text: string): Effect.Effect<number, LedgerQueryError> => {
  const match = dateTime.exec(text)
  const date = match?.[1]
  const millis =
    date === undefined || !isDay(date) ? Number.NaN : Date.parse(`${date}T${match?.[2] ?? "00:00"}${match?.[3] ?? "Z"}`)
  return Number.isNaN(millis)
    ? Effect.fail(
        new LedgerQueryError({
          param,
          message: `\`${param}\` is not a time: write 2026-01-31 or 2026-01-31T12:00:00Z (UTC without a zone)`
        })
      )
    : Effect.succeed(millis)
}

const optional = <A>(
  value: string | undefined,
  read: (value: string) => Effect.Effect<A, LedgerQueryError>
): Effect.Effect<A | undefined, LedgerQueryError> => (value === undefined ? Effect.succeed(undefined) : read(value))

export const make = Effect.fnUntraced(function* (
  filter: RequestFilter
): Effect.fn.Return<RequestQuery, LedgerQueryError> {
  const limit = filter.limit ?? defaultLimit
  if (!Number.isInteger(limit) || limit < 1 || limit > largestLimit) {
    return yield* new LedgerQueryError({ param: "limit", message: `\`limit\` is not between 1 and ${largestLimit}` })
  }
  const from = yield* optional(filter.from, (text) => instant("from", text))
  const to = yield* optional(filter.to, (text) => instant("to", text))
  if (from !== undefined && to !== undefined && from >= to) {
    return yield* new LedgerQueryError({ param: "to", message: "`to` is not later than `from`" })
  }
  return {
    model: filter.model,
    provider: filter.provider,
    key: filter.key,
    workflow: filter.workflow,
    status: filter.status,
    from,
    to,
    after: yield* optional(filter.cursor, decodeCursor),
    limit
  }
})

/** The page of a list that was read one row too far, to know whether there is a next one. */
export const page = (query: RequestQuery, rows: ReadonlyArray<Placed>): RequestPage => {
  const shown = rows.slice(0, query.limit)
  const last = shown.at(-1)
  return {
    requests: shown.map((placed) => placed.row),
    next: rows.length > query.limit && last !== undefined ? encodeCursor(last) : null
  }
}
