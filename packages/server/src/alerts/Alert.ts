/** What somebody is told of, and when it is news. */
import * as Schema from "effect/Schema"

/** A condition that holds. */
export const Alert = Schema.Struct({
  /** The same for as long as it is the same condition. */
  key: Schema.String,
  kind: Schema.Literal("budget", "breaker", "error_rate", "stuck_run"),
  summary: Schema.String,
  details: Schema.Record({ key: Schema.String, value: Schema.NullOr(Schema.Union(Schema.String, Schema.Number)) })
})
export type Alert = typeof Alert.Type

export const Event = Schema.Struct({
  ...Alert.fields,
  status: Schema.Literal("firing", "resolved"),
  /** When it began to hold, in milliseconds since the epoch. */
  since: Schema.Number
})
export type Event = typeof Event.Type

/** Alerts that were told of, by their keys. */
export type Told = ReadonlyMap<string, Event>

/** What is news: conditions that nobody was told of, and those that hold no longer. Whatever goes on is none. */
export const news = (told: Told, holding: ReadonlyArray<Alert>, now: number): ReadonlyArray<Event> => {
  const keys = new Set(holding.map(({ key }) => key))
  const over = [...told.values()].filter(({ key }) => !keys.has(key))
  return [
    ...holding.filter(({ key }) => !told.has(key)).map((alert): Event => ({ ...alert, status: "firing", since: now })),
    ...over.map((event): Event => ({ ...event, status: "resolved" }))
  ]
}

/** After somebody was told of an event. */
export const tell = (told: Told, event: Event): Told => {
  const next = new Map(told)
  if (event.status === "firing") next.set(event.key, event)
  else next.delete(event.key)
  return next
}
