/** Where created keys are kept: the narrow port under `Keys`. `KeyStoreSqlite` is a table, `KeyStoreMemory` a map. */
import type { BudgetConfig, RateConfig } from "@penstock/schema/config/Limits"
import type { McpAccess } from "@penstock/schema/config/Mcp"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type { Hashed } from "./Secret.ts"

export interface StoredSecret extends Hashed {
  readonly id: string
}

/** Times are milliseconds since the epoch. */
export interface StoredKey {
  readonly name: string
  readonly models: ReadonlyArray<string>
  readonly budget: BudgetConfig | null
  readonly rate: RateConfig | null
  readonly mcp: McpAccess | null
  readonly disabled: boolean
  readonly createdAt: number
  readonly rotatedAt: number | null
  readonly expiresAt: number | null
  readonly secret: StoredSecret
  /** The secret before the last rotation, and until when it works. */
  readonly previous: (StoredSecret & { readonly until: number }) | null
}

/** The database failed. */
export class KeyStoreError extends Data.TaggedError("KeyStoreError")<{
  readonly operation: "migrate" | "read" | "write"
  readonly cause: unknown
}> {}

export interface Service {
  /** All keys. One that cannot be read is logged and left out: it lets nobody in. */
  readonly load: Effect.Effect<ReadonlyArray<StoredKey>, KeyStoreError>
  /** Whether another process has written since this was last asked. */
  readonly changedElsewhere: Effect.Effect<boolean, KeyStoreError>
  /**
   * Writes what `change` makes of the key as it is stored now, in one transaction, and gives it back; null stands for no
   * such key, before and after. `change` may run more than once.
   */
  readonly modify: <E>(
    name: string,
    change: (current: StoredKey | null) => Either.Either<StoredKey | null, E>
  ) => Effect.Effect<StoredKey | null, E | KeyStoreError>
}
