/**
 * Tokens that stand for a key where one run waits for one answer: an address with such a token can be mailed. A token is
 * a signature over the run and the signal's name, under a secret that is kept with the runs; it is good once, because a
 * run takes one answer.
 */
import { RunStore } from "@penstock/workflow/runtime/store/RunStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

export interface Service {
  /** Path and query of the address that takes the answer to the step with this path. */
  readonly address: (runId: string, path: string) => string
  readonly isValid: (token: string, runId: string, name: string) => boolean
}

export class Approvals extends Context.Tag("@penstock/server/workflows/Approvals")<Approvals, Service>() {}

/** At the top level of a file an id says all, whichever attempt asks; further in, a step runs several times. */
export const nameOf = (path: string): string => path.replace(/^steps\/([^/~]+)(?:~\d+)?$/, "$1")

export const make = (secret: string): Service => {
  const sign = (runId: string, name: string): Buffer =>
    createHmac("sha256", secret)
      .update(JSON.stringify([runId, name]))
      .digest()
  return {
    address: (runId, path) => {
      const name = nameOf(path)
      const token = sign(runId, name).toString("base64url")
      return `/v1/runs/${runId}/signals/${encodeURIComponent(name)}?token=${token}`
    },
    isValid: (token, runId, name) => {
      const [given, right] = [Buffer.from(token, "base64url"), sign(runId, name)]
      return given.length === right.length && timingSafeEqual(given, right)
    }
  }
}

export const layer: Layer.Layer<Approvals, never, RunStore> = Layer.effect(
  Approvals,
  Effect.gen(function* () {
    const store = yield* RunStore
    return make(yield* store.secret("approvals", randomBytes(32).toString("base64url")))
  })
)
