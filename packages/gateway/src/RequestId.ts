/** Ids of requests: the time in milliseconds and 48 random bits, so that they sort by time and never meet. */
import { RequestId } from "@penstock/schema/Ids"
import { randomBytes } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const isRequestId = Schema.is(RequestId)

/** Random bytes are drawn for many ids at once: one draw costs as much as a thousand bytes. */
const pool = { bytes: Buffer.alloc(0), used: 0 }

const randomHex = (): string => {
  if (pool.used + 6 > pool.bytes.length) {
    pool.bytes = randomBytes(6 * 512)
    pool.used = 0
  }
  pool.used += 6
  return pool.bytes.toString("hex", pool.used - 6, pool.used)
}

export const at = (millis: number): RequestId =>
  RequestId.make(`req_${millis.toString(16).padStart(12, "0")}${randomHex()}`, { disableValidation: true })

/** The time that an id carries, in milliseconds since the epoch. Not a number for what is no id. */
export const millisOf = (id: string): number => (isRequestId(id) ? Number.parseInt(id.slice(4, 16), 16) : Number.NaN)

export const next: Effect.Effect<RequestId> = Effect.map(Clock.currentTimeMillis, at)
