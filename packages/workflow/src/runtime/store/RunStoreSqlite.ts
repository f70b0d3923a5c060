/** The store in SQLite: a file, or memory for tests and single runs. */
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import { isEnded } from "@penstock/schema/Run"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Rows from "./Rows.ts"
import { RunStore, type RunFilter, type Service } from "./RunStore.ts"
import { migrate } from "./Tables.ts"

const json = (value: unknown): string => JSON.stringify(value ?? null)

const Bodies = Schema.decodeUnknown(Schema.Array(Schema.Struct({ body: Schema.parseJson(Schema.Unknown) })))
const Paths = Schema.decodeUnknown(Schema.Array(Schema.Struct({ path: Schema.String })))
const Secrets = Schema.decodeUnknown(Schema.Array(Schema.Struct({ value: Schema.String })))
const Numbers = Schema.decodeUnknown(Schema.Array(Schema.Struct({ number: Schema.Number })))

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`PRAGMA synchronous = NORMAL`
  yield* migrate

  const oneRun = (id: string) =>
    Effect.flatMap(sql`SELECT * FROM workflow_runs WHERE id = ${id}`, (rows) => Rows.runs(rows))

  const create: Service["create"] = (run) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const row = {
        id: run.id,
        workflow: run.workflow,
        definition_hash: run.definitionHash,
        status: "queued",
        input: json(run.input),
        caller: run.caller,
        trace: run.trace === null ? null : json(run.trace),
        request_key: run.key,
        payload: json(run.payload),
        created_at: now
      }
      yield* sql`INSERT INTO workflow_runs ${sql.insert(row)} ON CONFLICT DO NOTHING`
      const [created] = yield* run.key === null
        ? oneRun(run.id)
        : Effect.flatMap(sql`SELECT * FROM workflow_runs WHERE request_key = ${run.key}`, (rows) => Rows.runs(rows))
      return created === undefined ? yield* Effect.dieMessage(`run ${run.id} was not written`) : created
    }).pipe(Effect.orDie)

  const list = ({ before, caller, limit = 100, status, workflow }: RunFilter) =>
    sql`SELECT * FROM workflow_runs WHERE ${sql.and([
      sql`1 = 1`,
      ...(workflow === undefined ? [] : [sql`workflow = ${workflow}`]),
      ...(status === undefined ? [] : [sql`status = ${status}`]),
      ...(caller === undefined ? [] : [sql`caller IS ${caller}`]),
      ...(before === undefined ? [] : [sql`id < ${before}`])
    ])} ORDER BY id DESC LIMIT ${limit}`

  const service: Service = {
    create,
    putDefinition: ({ calls, hash, name, source }) =>
      sql`INSERT INTO workflow_definitions ${sql.insert({ hash, name, source, calls: json(calls) })}
        ON CONFLICT DO NOTHING`.pipe(Effect.asVoid, Effect.orDie),
    definition: (hash) =>
      sql`SELECT * FROM workflow_definitions WHERE hash = ${hash}`.pipe(
        Effect.flatMap((rows) => Rows.definitions(rows)),
        Effect.map(([definition]) => definition ?? null),
        Effect.orDie
      ),
    run: (id) => Effect.orDie(Effect.map(oneRun(id), ([run]) => run ?? null)),
    runs: (filter) => Effect.orDie(Effect.flatMap(list(filter), (rows) => Rows.runs(rows))),
    liveCounts: sql`SELECT status, COUNT(*) AS count FROM workflow_runs WHERE ended_at IS NULL GROUP BY status`.pipe(
      Effect.flatMap((rows) => Rows.counts(rows)),
      Effect.orDie
    ),
    live: (before) =>
      sql`SELECT * FROM workflow_runs WHERE ended_at IS NULL AND created_at < ${before} ORDER BY id`.pipe(
        Effect.flatMap((rows) => Rows.runs(rows)),
        Effect.orDie
      ),
    payload: (id) =>
      sql`SELECT ifnull(payload, 'null') AS body FROM workflow_runs WHERE id = ${id}`.pipe(
        Effect.flatMap((rows) => Bodies(rows)),
        Effect.map(([row]) => row?.body ?? null),
        Effect.orDie
      ),
    stalled: (since) =>
      sql`SELECT * FROM workflow_runs AS run WHERE ended_at IS NULL AND created_at < ${since}
        AND NOT EXISTS (SELECT 1 FROM workflow_events WHERE run_id = run.id AND at >= ${since})
        AND NOT EXISTS (SELECT 1 FROM workflow_steps WHERE run_id = run.id AND max(started_at, ifnull(ended_at, 0)) >= ${since})
        AND (status <> 'waiting' OR cancel_requested = 1 OR EXISTS (
          SELECT 1 FROM workflow_waits AS wait JOIN workflow_signals AS signal
            ON signal.run_id = wait.run_id AND (signal.name = wait.name OR signal.name = wait.path)
            WHERE wait.run_id = run.id
        )) ORDER BY id`.pipe(
        Effect.flatMap((rows) => Rows.runs(rows)),
        Effect.orDie
      ),
    deliveries: (id) =>
      sql`SELECT wait.path, signal.body FROM workflow_waits AS wait JOIN workflow_signals AS signal
        ON signal.run_id = wait.run_id AND (signal.name = wait.name OR signal.name = wait.path)
        WHERE wait.run_id = ${id}`.pipe(
        Effect.flatMap((rows) => Rows.deliveries(rows)),
        Effect.orDie
      ),
    begin: (id) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        yield* sql`UPDATE workflow_runs SET started_at = ifnull(started_at, ${now}), status = 'running'
          WHERE id = ${id} AND ended_at IS NULL`
        const [run] = yield* oneRun(id)
        return run?.startedAt ?? now
      }).pipe(Effect.orDie),
    setStatus: (id, status) =>
      sql`UPDATE workflow_runs SET status = ${status} WHERE id = ${id} AND ended_at IS NULL`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    requestCancel: (id) =>
      sql`UPDATE workflow_runs SET cancel_requested = 1 WHERE id = ${id} AND ended_at IS NULL`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    end: (id, { error, metrics, output, status }) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const [before] = yield* oneRun(id)
        if (before === undefined || isEnded(before.status)) return false
        yield* sql`UPDATE workflow_runs SET status = ${status}, output = ${json(output)}, error = ${json(error)},
          metrics = ${json(metrics)}, ended_at = ${now} WHERE id = ${id}`
        yield* sql`UPDATE workflow_steps SET status = 'cancelled', ended_at = ${now}
          WHERE run_id = ${id} AND ended_at IS NULL`
        yield* sql`DELETE FROM workflow_waits WHERE run_id = ${id}`
        return true
      }).pipe(sql.withTransaction, Effect.orDie),
    stepStarted: (runId, { id, path, type }, status = "running") =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const row = {
          run_id: runId,
          path,
          id,
          type,
          status,
          cost: 0,
          input_tokens: 0,
          output_tokens: 0,
          attempts: 0,
          started_at: now
        }
        yield* sql`INSERT INTO workflow_steps ${sql.insert(row)} ON CONFLICT DO NOTHING`
      }).pipe(Effect.orDie),
    stepEnded: (runId, { id, outcome, path, status, type }) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const { attempts, cache, error, output, outputHash, spent } = outcome
        const row = {
          run_id: runId,
          path,
          id,
          type,
          status,
          output: outputHash === null ? json(output) : null,
          output_hash: outputHash,
          error: error === null ? null : json(error),
          cost: spent.cost,
          input_tokens: spent.inputTokens,
          output_tokens: spent.outputTokens,
          model: spent.model,
          attempts,
          cache,
          started_at: now,
          ended_at: now
        }
        yield* sql`INSERT INTO workflow_steps ${sql.insert(row)} ON CONFLICT (run_id, path) DO UPDATE SET
          status = excluded.status, output = excluded.output, output_hash = excluded.output_hash,
          error = excluded.error, cost = excluded.cost, input_tokens = excluded.input_tokens,
          output_tokens = excluded.output_tokens, model = excluded.model, attempts = excluded.attempts, cache = excluded.cache,
          ended_at = ifnull(ended_at, excluded.ended_at)`
      }).pipe(Effect.orDie),
    steps: (runId) =>
      sql`SELECT workflow_steps.*, workflow_values.body AS large FROM workflow_steps
        LEFT JOIN workflow_values ON hash = output_hash WHERE run_id = ${runId} ORDER BY workflow_steps.rowid`.pipe(
        Effect.flatMap((rows) => Rows.steps(rows)),
        Effect.orDie
      ),
    tokens: (runId, path) =>
      sql`SELECT ifnull(SUM(input_tokens + output_tokens), 0) AS number FROM workflow_steps WHERE ${sql.and([
        sql`run_id = ${runId}`,
        ...(path === null
          ? []
          : [sql`(path = ${path} OR substr(path, 1, length(${path}) + 1) IN (${`${path}/`}, ${`${path}~`}))`])
      ])}`.pipe(
        Effect.flatMap((rows) => Numbers(rows)),
        Effect.map(([row]) => row?.number ?? 0),
        Effect.orDie
      ),
    addEvent: (runId, key, { at, data, number, step, type }) =>
      sql`INSERT INTO workflow_events ${sql.insert({ run_id: runId, number, key, type, step, data: json(data), at })}
        ON CONFLICT DO NOTHING RETURNING number`.pipe(
        Effect.map((rows) => rows.length > 0),
        Effect.orDie
      ),
    events: (runId, after) =>
      sql`SELECT number, type, step, data, at FROM workflow_events
        WHERE run_id = ${runId} AND number > ${after} ORDER BY number`.pipe(
        Effect.flatMap((rows) => Rows.events(rows)),
        Effect.orDie
      ),
    lastEvent: (runId) =>
      sql`SELECT ifnull(MAX(number), 0) AS number FROM workflow_events WHERE run_id = ${runId}`.pipe(
        Effect.flatMap((rows) => Numbers(rows)),
        Effect.map(([row]) => row?.number ?? 0),
        Effect.orDie
      ),
    wait: (runId, path, name) =>
      Effect.gen(function* () {
        yield* sql`INSERT INTO workflow_waits ${sql.insert({ run_id: runId, path, name })} ON CONFLICT DO NOTHING`
        const [signal] = yield* Effect.flatMap(
          sql`SELECT body FROM workflow_signals WHERE run_id = ${runId} AND (name = ${name} OR name = ${path})`,
          (rows) => Bodies(rows)
        )
        return signal ?? null
      }).pipe(sql.withTransaction, Effect.orDie),
    signal: (runId, name, body) =>
      Effect.gen(function* () {
        const added = yield* sql`INSERT INTO workflow_signals ${sql.insert({ run_id: runId, name, body: json(body) })}
          ON CONFLICT DO NOTHING RETURNING name`
        if (added.length === 0) return null
        const waits = yield* Effect.flatMap(
          sql`SELECT path FROM workflow_waits WHERE run_id = ${runId} AND (name = ${name} OR path = ${name})`,
          (rows) => Paths(rows)
        )
        return waits.map(({ path }) => path)
      }).pipe(sql.withTransaction, Effect.orDie),
    waits: (runId) =>
      sql`SELECT path FROM workflow_waits WHERE run_id = ${runId}`.pipe(
        Effect.flatMap((rows) => Paths(rows)),
        Effect.map((rows) => rows.map(({ path }) => path)),
        Effect.orDie
      ),
    doneWaiting: (runId, path) =>
      sql`DELETE FROM workflow_waits WHERE run_id = ${runId} AND path = ${path}`.pipe(Effect.asVoid, Effect.orDie),
    putValue: (hash, body) =>
      sql`INSERT INTO workflow_values ${sql.insert({ hash, body })} ON CONFLICT DO NOTHING`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    value: (hash) =>
      sql`SELECT body FROM workflow_values WHERE hash = ${hash}`.pipe(
        Effect.flatMap((rows) => Bodies(rows)),
        Effect.flatMap(([row]) =>
          row === undefined ? Effect.dieMessage(`the value ${hash} is gone`) : Effect.succeed(row.body)
        ),
        Effect.orDie
      ),
    cached: (key) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const [row] = yield* Effect.flatMap(
          sql`SELECT output AS body FROM workflow_cache WHERE key = ${key} AND expires_at > ${now}`,
          (rows) => Bodies(rows)
        )
        return row === undefined ? null : { output: row.body }
      }).pipe(Effect.orDie),
    putCached: (key, output, expiresAt) =>
      sql`INSERT OR REPLACE INTO workflow_cache ${sql.insert({ key, output: json(output), expires_at: expiresAt })}`.pipe(
        Effect.asVoid,
        Effect.orDie
      ),
    secret: (name, fresh) =>
      sql`INSERT INTO workflow_secrets ${sql.insert({ name, value: fresh })} ON CONFLICT DO NOTHING`.pipe(
        Effect.zipRight(sql`SELECT value FROM workflow_secrets WHERE name = ${name}`),
        Effect.flatMap((rows) => Secrets(rows)),
        Effect.map(([row]) => row?.value ?? fresh),
        Effect.orDie
      ),
    prune: (before) =>
      Effect.gen(function* () {
        const gone = yield* sql`DELETE FROM workflow_runs WHERE ended_at < ${before} RETURNING id`
        for (const table of ["workflow_steps", "workflow_events", "workflow_signals", "workflow_waits"]) {
          yield* sql`DELETE FROM ${sql(table)} WHERE run_id NOT IN (SELECT id FROM workflow_runs)`
        }
        yield* sql`DELETE FROM workflow_values WHERE hash NOT IN
          (SELECT output_hash FROM workflow_steps WHERE output_hash IS NOT NULL)`
        yield* sql`DELETE FROM workflow_cache WHERE expires_at < ${yield* Clock.currentTimeMillis}`
        return gone.length
      }).pipe(sql.withTransaction, Effect.orDie)
  }
  return service
})

export const layer: Layer.Layer<RunStore, never, SqlClient.SqlClient> = Layer.orDie(Layer.effect(RunStore, make))

/** What a file holds, to be read while another process works on it. */
export const layerFile = (filename: string): Layer.Layer<RunStore> =>
  Layer.provide(layer, Layer.orDie(SqliteClient.layer({ filename })))

/** Nothing stays when the program ends. */
export const layerMemory: Layer.Layer<RunStore> = layerFile(":memory:")
