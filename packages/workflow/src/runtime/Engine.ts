/** What makes runs last: nothing but memory, or a file of SQLite. */
import * as ClusterWorkflowEngine from "@effect/cluster/ClusterWorkflowEngine"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as SingleRunner from "@effect/cluster/SingleRunner"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as WorkflowEngine from "@effect/workflow/WorkflowEngine"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Feed from "./Feed.ts"
import * as FileLock from "./FileLock.ts"
import * as PenstockRun from "./PenstockRun.ts"
import * as Runs from "./Runs.ts"
import * as RunStoreSqlite from "./store/RunStoreSqlite.ts"
import * as Watchdog from "./Watchdog.ts"

const runs = Layer.merge(Runs.layer, PenstockRun.layer).pipe(Layer.provideMerge(Feed.layer))

/** Runs end with the program. */
export const layerMemory = runs.pipe(
  Layer.provideMerge(Layer.merge(WorkflowEngine.layerMemory, RunStoreSqlite.layerMemory))
)

/**
 * One runner for one file. The address is fixed, so that a process that starts again takes up the runs of the one
 * before; the lock of one that was killed expires after nine seconds.
 */
const shardingConfig = {
  runnerAddress: Option.some(RunnerAddress.make("penstock", 1)),
  preemptiveShutdown: false,
  // A call that is cut by a stop is made again at the next start; one that is about to end may.
  entityTerminationTimeout: "1 second",
  entityMessagePollInterval: "500 millis",
  shardLockExpiration: "9 seconds",
  shardLockRefreshInterval: "3 seconds"
} as const

/** Runs go on when the program starts again. No two programs may use one file: the second fails with `FileInUse`. */
export const layerSqlite = (filename: string) =>
  Watchdog.layer.pipe(
    Layer.provideMerge(runs),
    Layer.provideMerge(
      Layer.merge(
        Layer.provide(ClusterWorkflowEngine.layer, SingleRunner.layer({ shardingConfig })),
        RunStoreSqlite.layer
      ).pipe(Layer.provide(SqliteClient.layer({ filename })), Layer.provide(FileLock.layer(filename)))
    )
  )
