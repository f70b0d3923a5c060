/** `GET /v1/requests`, `GET /v1/requests/{id}` and `GET /v1/costs`. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { Ledger, type LedgerError, LedgerQueryError, type Service } from "@penstock/gateway/ledger/Ledger"
import * as RequestCsv from "@penstock/gateway/ledger/RequestCsv"
import type { RequestsQuery } from "@penstock/schema/api/LedgerApi"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import type { RequestFilter, RequestPage } from "@penstock/schema/LedgerEntry"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** Rows that an export holds in memory at a time. */
const exportPage = 1000

const csvHeader = RequestCsv.render([])

/** The database failed, which only the log explains. */
export const unreadable = (error: LedgerError): Effect.Effect<never, GatewayError> =>
  Effect.zipRight(
    Effect.logError("The ledger could not be read", Cause.fail(error.cause)),
    Effect.fail(make("internal", "The ledger could not be read; the log has the cause.", { code: "ledger_error" }))
  )

const toGatewayError = (error: LedgerError | LedgerQueryError): Effect.Effect<never, GatewayError> =>
  error instanceof LedgerQueryError
    ? Effect.fail(make("invalid_request", error.message, { param: error.param }))
    : unreadable(error)

const noSuchRequest = (id: string) =>
  make(
    "not_found",
    `No request has the id ${JSON.stringify(id.slice(0, 64))}, or it is older than \`logging.retention\`.`
  )

const wantsCsv = (format: RequestsQuery["format"], accept: string | undefined): boolean =>
  format === undefined ? /^\s*text\/csv\b/i.test(accept ?? "") : format === "csv"

/** The first page is read before the answer begins, so that a failure still gets its status. */
const csv = Effect.fnUntraced(function* (ledger: Service, filter: RequestFilter) {
  const first = yield* ledger.requests({ ...filter, limit: filter.limit ?? exportPage })
  const rest = (page: RequestPage) =>
    filter.limit !== undefined || page.next === null
      ? Effect.succeed(Option.none<RequestPage>())
      : Effect.map(ledger.requests({ ...filter, limit: exportPage, cursor: page.next }), Option.some)
  const pages = Stream.concat(
    Stream.succeed(first),
    Stream.unfoldEffect(first, (page) =>
      Effect.map(
        rest(page),
        Option.map((next) => [next, next] as const)
      )
    )
  )
  const text = Stream.concat(
    Stream.succeed(csvHeader),
    Stream.map(pages, ({ requests }) => RequestCsv.render(requests).slice(csvHeader.length))
  )
  return HttpServerResponse.stream(Stream.encodeText(text), {
    contentType: "text/csv; charset=utf-8; header=present",
    headers: { "content-disposition": 'attachment; filename="requests.csv"' }
  })
})

/** The same request for the next page, relative to the server. */
const nextLink = (url: string, cursor: string): string => {
  const query = new URLSearchParams(url.split("?")[1] ?? "")
  query.set("cursor", cursor)
  return `</v1/requests?${query.toString()}>; rel="next"`
}

export const layer = HttpApiBuilder.group(PenstockApi, "ledger", (handlers) =>
  Effect.gen(function* () {
    const ledger = yield* Ledger
    return handlers
      .handleRaw("requests", ({ request, urlParams: { format, ...filter } }) =>
        wantsCsv(format, request.headers["accept"])
          ? Effect.catchAll(csv(ledger, filter), toGatewayError)
          : ledger.requests(filter).pipe(
              Effect.catchAll(toGatewayError),
              Effect.flatMap((page) =>
                Effect.orDie(
                  HttpServerResponse.json(
                    page,
                    page.next === null ? {} : { headers: { link: nextLink(request.url, page.next) } }
                  )
                )
              )
            )
      )
      .handle("request", ({ path: { id } }) =>
        Effect.catchAll(ledger.request(id), unreadable).pipe(
          Effect.flatMap((found) => (found === null ? Effect.fail(noSuchRequest(id)) : Effect.succeed(found)))
        )
      )
      .handle("costs", ({ urlParams: query }) => Effect.catchAll(ledger.costs(query), toGatewayError))
  })
)
