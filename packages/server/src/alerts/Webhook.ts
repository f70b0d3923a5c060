/**
 * Tells a webhook of an event. Its address is the operator's own, as those of the configuration's MCP servers are, and may
 * be in a private network; where it redirects to is nobody's own, and not followed.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { createHmac } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { Event } from "./Alert.ts"

export interface Address {
  readonly url: string
  /** Signs what is sent. */
  readonly secret: Redacted.Redacted | undefined
}

/** After 1, 2 and 4 seconds. Whoever is not reached then is tried again at the next look. */
const again = Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3))
const patience = "10 seconds"

const bodyOf = ({ details, key, kind, since, status, summary }: Event, now: number): string =>
  JSON.stringify({
    status,
    kind,
    key,
    summary,
    since: new Date(since).toISOString(),
    at: new Date(now).toISOString(),
    details
  })

/** Of the time and the body, so that an old message cannot be sent again as a new one. */
export const signature = (secret: string, timestamp: string, body: string): string =>
  `sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`

export const send = Effect.fn("Webhook.send")(function* (
  client: HttpClient.HttpClient,
  { secret, url }: Address,
  event: Event
) {
  const now = yield* Clock.currentTimeMillis
  const timestamp = String(Math.floor(now / 1000))
  const body = bodyOf(event, now)
  const request = HttpClientRequest.post(url, {
    headers: {
      "x-penstock-timestamp": timestamp,
      ...(secret === undefined ? {} : { "x-penstock-signature": signature(Redacted.value(secret), timestamp, body) })
    }
  }).pipe(HttpClientRequest.bodyText(body, "application/json"))
  yield* HttpClient.filterStatusOk(client)
    .execute(request)
    .pipe(Effect.timeout(patience), Effect.retry(again), Effect.withTracerEnabled(false))
})
