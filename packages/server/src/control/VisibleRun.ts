/** Which runs a caller sees: his key's own, or as the admin all. Somebody else's is as if it were not there. */
import type { Caller } from "@penstock/schema/api/Caller"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import type { RunRecord } from "@penstock/workflow/runtime/RunRecord"
import type { Service as Runs } from "@penstock/workflow/runtime/Runs"
import * as Effect from "effect/Effect"

export const absent = (id: string): GatewayError =>
  make("not_found", `No run has the id ${JSON.stringify(id.slice(0, 64))}, or it is older than \`runs.retention\`.`)

export const find = (runs: Runs, { admin, key }: Caller, id: string): Effect.Effect<RunRecord, GatewayError> =>
  runs.get(id).pipe(
    Effect.mapError(() => absent(id)),
    Effect.filterOrFail(
      ({ caller }) => admin || caller === key,
      () => absent(id)
    )
  )
