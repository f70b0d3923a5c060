/**
 * What somebody was told of, and not yet that it is over: kept, so that a server that starts again neither tells it anew
 * nor forgets to tell its end.
 */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { Event, type Told } from "./Alert.ts"

export interface Service {
  /** Fails, as `save` does, when the database cannot be asked. */
  readonly load: Effect.Effect<Told, unknown>
  /** In place of all that was saved. */
  readonly save: (told: Told) => Effect.Effect<void, unknown>
}

export class ToldAlerts extends Context.Tag("@penstock/server/alerts/ToldAlerts")<ToldAlerts, Service>() {}

export const layerMemory: Layer.Layer<ToldAlerts> = Layer.effect(
  ToldAlerts,
  Effect.map(Ref.make<Told>(new Map()), (saved) => ({ load: Ref.get(saved), save: (told) => Ref.set(saved, told) }))
)

const table = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => sql`CREATE TABLE alerts_told (key TEXT PRIMARY KEY, event TEXT NOT NULL) STRICT, WITHOUT ROWID`
)

/** One that was released is never edited: add another. */
const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({ "0001_alerts_told": table }),
  table: "alerts_migrations"
})

const Json = Schema.parseJson(Event)
const encode = Schema.encodeSync(Json)
const decode = Schema.decodeUnknown(Schema.Array(Schema.Struct({ key: Schema.String, event: Json })))

/** In a table of the ledger's file. */
export const layerSqlite: Layer.Layer<ToldAlerts, never, SqlClient.SqlClient> = Layer.effect(
  ToldAlerts,
  Effect.map(SqlClient.SqlClient, (sql) => ({
    load: migrate.pipe(
      Effect.provideService(SqlClient.SqlClient, sql),
      Effect.zipRight(sql`SELECT key, event FROM alerts_told`),
      Effect.flatMap(decode),
      Effect.map((rows) => new Map(rows.map(({ event, key }) => [key, event])))
    ),
    save: (told) =>
      sql.withTransaction(
        Effect.zipRight(
          sql`DELETE FROM alerts_told`,
          Effect.forEach(
            told.values(),
            (event) => sql`INSERT INTO alerts_told ${sql.insert({ key: event.key, event: encode(event) })}`,
            {
              discard: true
            }
          )
        )
      )
  }))
)
