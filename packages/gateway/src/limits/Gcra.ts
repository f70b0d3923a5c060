/**
 * The generic cell rate algorithm (ITU-T I.371), as pure functions: so many units a minute, a minute's worth of them at
 * once at most.
 *
 * Of its two equivalent forms this is the continuous-state leaky bucket. The other one keeps a theoretical arrival time,
 * and with it the wall clock: a clock that is set back by an hour would close it for an hour, and cutting that short
 * would forgive debts. Here a step back loses the time of that step and nothing else.
 *
 * Everything is a whole number, so nothing drifts. A unit (a request, a token) weighs 60 000 drops, and a limit of n
 * units a minute lets exactly n drops out in each millisecond. Because drops do not depend on the limit, a new limit
 * takes a bucket over as it is.
 *
 * Law: in any 60 000 ms no more than limit + limit units are let in, what was refunded aside.
 */

export interface Bucket {
  /** Drops that have not run out yet. Above the capacity only where more was used than was asked for. */
  readonly level: number
  /** Milliseconds since the epoch until which drops have run out. */
  readonly at: number
  /** Drops that have ever left. Every drop keeps its place in the queue, which is what refunds go by. */
  readonly left: number
}

/** What was let in, for a later correction. */
export interface Charge {
  readonly units: number
  /** How many drops must have left until these all have. */
  readonly end: number
}

export const dropsPerUnit = 60_000

export const empty: Bucket = { level: 0, at: 0, left: 0 }

/** The bucket as it is at `now`. The other functions take a bucket that was brought up to the present by this one. */
export const advance = ({ at, left, level }: Bucket, limit: number, now: number): Bucket => {
  // Past 2^53 the product is not exact, and then it is more than any level.
  const out = Math.min(level, Math.max(0, now - at) * limit)
  return { level: level - out, at: now, left: left + out }
}

/**
 * Milliseconds until so many units are let in, 0 for now: at that instant they are, a millisecond before they are not.
 * Infinite for more units than the limit has.
 */
export const waitMillis = ({ level }: Bucket, limit: number, units: number): number => {
  if (units > limit) return Number.POSITIVE_INFINITY
  // Exact: the quotient of two whole numbers below 2^53 is never rounded onto a whole number that it is not.
  return Math.max(0, Math.ceil((level + (units - limit) * dropsPerUnit) / limit))
}

/** Lets units in, whether they fit or not. */
export const charge = (bucket: Bucket, units: number): readonly [Bucket, Charge] => {
  const level = Math.min(Number.MAX_SAFE_INTEGER, bucket.level + units * dropsPerUnit)
  return [
    { ...bucket, level },
    { units, end: bucket.left + level }
  ]
}

/**
 * Takes units of a charge out again, as far as they have not run out: what has run out has made room for others, who may
 * have used it. A bucket is therefore never emptier than if the units had not been charged at all.
 */
export const refund = (bucket: Bucket, { end }: Charge, units: number): Bucket => {
  const out = Math.min(bucket.level, units * dropsPerUnit, Math.max(0, end - bucket.left))
  return { ...bucket, level: bucket.level - out, left: bucket.left + out }
}

/** Sets a charge right when it is known how many units there were: a refund, or a debt that later comers wait for. */
export const settle = (bucket: Bucket, charged: Charge, units: number): Bucket =>
  units > charged.units ? charge(bucket, units - charged.units)[0] : refund(bucket, charged, charged.units - units)

/** Units that would be let in now. */
export const remaining = ({ level }: Bucket, limit: number): number =>
  Math.max(0, Math.floor((limit * dropsPerUnit - level) / dropsPerUnit))

/** Milliseconds until the bucket is empty again. */
export const resetMillis = ({ level }: Bucket, limit: number): number => Math.ceil(level / limit)
