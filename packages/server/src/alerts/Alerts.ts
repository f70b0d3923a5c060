/**
 * Looks now and then for what somebody should know, and tells the webhook of the configuration: once when it begins, once
 * when it is over, whatever process looks then. What could not be told is told at a later look.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Settings } from "@penstock/gateway/Settings"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Alert from "./Alert.ts"
import * as Conditions from "./Conditions.ts"
import { ToldAlerts } from "./ToldAlerts.ts"
import * as Webhook from "./Webhook.ts"

/** For as long as the scope lives. */
export const run = Effect.gen(function* () {
  const settings = yield* Settings
  const client = Context.get(yield* Layer.build(NodeHttpClient.layer), HttpClient.HttpClient)
  const holding = yield* Conditions.make
  const store = yield* ToldAlerts
  /** Null until it is known what was told before. */
  let saved: Alert.Told | null = null
  let told: Alert.Told = new Map()

  const tell = (to: Webhook.Address, event: Alert.Event) =>
    Webhook.send(client, to, event).pipe(
      Effect.map(() => {
        told = Alert.tell(told, event)
      }),
      Effect.catchAll((error) => Effect.logWarning(`The webhook for alerts did not take "${event.key}".`, error))
    )

  const load = Effect.map(store.load, (before) => {
    saved = before
    told = before
  })

  /** What could not be saved is saved at the next look. */
  const save = Effect.suspend(() => {
    if (told === saved) return Effect.void
    const now = told
    return Effect.map(store.save(now), () => {
      saved = now
    })
  })

  const look = Effect.gen(function* () {
    const { alerts } = settings.current()
    const { secret, webhook } = alerts
    if (webhook === null) return
    if (saved === null) yield* load
    const events = Alert.news(told, yield* holding(alerts), yield* Clock.currentTimeMillis)
    yield* Effect.forEach(events, (event) => tell({ url: webhook, secret }, event), { concurrency: 4, discard: true })
    yield* save
  })

  yield* look.pipe(
    Effect.catchAllCause((cause) =>
      Effect.logWarning("What alerts are about could not be looked at; the next try is soon.", cause)
    ),
    Effect.zipRight(Effect.suspend(() => Effect.sleep(settings.current().alerts.every))),
    Effect.forever,
    Effect.interruptible,
    Effect.forkScoped
  )
})
