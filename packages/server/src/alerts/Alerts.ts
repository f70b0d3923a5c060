/**
 * Looks now and then for what somebody should know, and tells the webhook of the configuration: once when it begins, once
 * when it is over. What could not be told is told at a later look.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Settings } from "@penstock/gateway/Settings"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Alert from "./Alert.ts"
import * as Conditions from "./Conditions.ts"
import * as Webhook from "./Webhook.ts"

const betweenLooks = "15 seconds"

/** For as long as the scope lives. */
export const run = Effect.gen(function* () {
  const settings = yield* Settings
  const client = Context.get(yield* Layer.build(NodeHttpClient.layer), HttpClient.HttpClient)
  const holding = yield* Conditions.make
  let told: Alert.Told = new Map()

  const tell = (to: Webhook.Address, event: Alert.Event) =>
    Webhook.send(client, to, event).pipe(
      Effect.map(() => {
        told = Alert.tell(told, event)
      }),
      Effect.catchAll((error) => Effect.logWarning(`The webhook for alerts did not take "${event.key}".`, error))
    )

  const look = Effect.gen(function* () {
    const { alerts } = settings.current()
    const { secret, webhook } = alerts
    if (webhook === null) return
    const events = Alert.news(told, yield* holding(alerts), yield* Clock.currentTimeMillis)
    yield* Effect.forEach(events, (event) => tell({ url: webhook, secret }, event), { concurrency: 4, discard: true })
  })

  yield* look.pipe(
    Effect.catchAllCause((cause) =>
      Effect.logWarning("What alerts are about could not be looked at; the next try is soon.", cause)
    ),
    Effect.repeat(Schedule.spaced(betweenLooks)),
    Effect.interruptible,
    Effect.forkScoped
  )
})
