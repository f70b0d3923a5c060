/** Rows of the tables as records. */
import { NanoDollars } from "@penstock/schema/Money"
import { CacheUse, Failure, Metrics, RunStatus, StepStatus } from "@penstock/schema/Run"
import { Trace } from "@penstock/schema/Trace"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { RunEvent, RunRecord, StepRecord } from "../RunRecord.ts"
import type { Definition, Delivery } from "./RunStore.ts"

const Json = Schema.parseJson(Schema.Unknown)
const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.NullOr(Schema.parseJson(Schema.NullOr(schema)))

const RunRow = Schema.Struct({
  id: Schema.String,
  workflow: Schema.String,
  definition_hash: Schema.String,
  status: RunStatus,
  input: Json,
  output: Schema.NullOr(Json),
  error: orNull(Failure),
  metrics: orNull(Metrics),
  caller: Schema.NullOr(Schema.String),
  trace: orNull(Trace),
  cancel_requested: Schema.Number,
  created_at: Schema.Int,
  started_at: Schema.NullOr(Schema.Int),
  ended_at: Schema.NullOr(Schema.Int)
})
const decodeRuns = Schema.decodeUnknown(Schema.Array(RunRow))

export const runs = (rows: unknown) =>
  Effect.map(decodeRuns(rows), (decoded) =>
    decoded.map((row): RunRecord => ({
      id: row.id,
      workflow: row.workflow,
      definitionHash: row.definition_hash,
      status: row.status,
      input: row.input,
      output: row.output,
      error: row.error,
      metrics: row.metrics,
      caller: row.caller,
      trace: row.trace,
      cancelRequested: row.cancel_requested !== 0,
      createdAt: row.created_at,
      startedAt: row.started_at,
      endedAt: row.ended_at
    }))
  )

const StepRow = Schema.Struct({
  path: Schema.String,
  id: Schema.String,
  type: Schema.String,
  status: StepStatus,
  output: Schema.NullOr(Json),
  /** An output that is kept beside, by its hash. */
  large: Schema.NullOr(Json),
  error: orNull(Failure),
  cost: Schema.NullOr(NanoDollars),
  input_tokens: Schema.Int,
  output_tokens: Schema.Int,
  model: Schema.NullOr(Schema.String),
  attempts: Schema.Int,
  cache: CacheUse,
  started_at: Schema.Int,
  ended_at: Schema.NullOr(Schema.Int)
})
const decodeSteps = Schema.decodeUnknown(Schema.Array(StepRow))

export const steps = (rows: unknown) =>
  Effect.map(decodeSteps(rows), (decoded) =>
    decoded.map((row): StepRecord => ({
      path: row.path,
      id: row.id,
      type: row.type,
      status: row.status,
      output: row.output ?? row.large,
      error: row.error,
      spent: { cost: row.cost, inputTokens: row.input_tokens, outputTokens: row.output_tokens, model: row.model },
      attempts: row.attempts,
      cache: row.cache,
      startedAt: row.started_at,
      endedAt: row.ended_at
    }))
  )

const decodeEvents = Schema.decodeUnknown(
  Schema.Array(
    Schema.Struct({
      number: Schema.Int,
      type: Schema.String,
      step: Schema.NullOr(Schema.String),
      data: Json,
      at: Schema.Int
    })
  )
)

export const events = (rows: unknown) => Effect.map(decodeEvents(rows), (decoded): ReadonlyArray<RunEvent> => decoded)

const decodeDefinitions = Schema.decodeUnknown(
  Schema.Array(
    Schema.Struct({
      hash: Schema.String,
      name: Schema.String,
      source: Schema.String,
      calls: Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))
    })
  )
)

export const definitions = (rows: unknown) =>
  Effect.map(decodeDefinitions(rows), (decoded): ReadonlyArray<Definition> => decoded)

const decodeDeliveries = Schema.decodeUnknown(Schema.Array(Schema.Struct({ path: Schema.String, body: Json })))

export const deliveries = (rows: unknown) =>
  Effect.map(decodeDeliveries(rows), (decoded): ReadonlyArray<Delivery> => decoded)

const decodeCounts = Schema.decodeUnknown(Schema.Array(Schema.Struct({ status: RunStatus, count: Schema.Int })))

export const counts = (rows: unknown) =>
  Effect.map(decodeCounts(rows), (decoded) => new Map(decoded.map(({ count, status }) => [status, count])))
