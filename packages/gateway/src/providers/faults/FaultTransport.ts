/**
 * Chaos as a feature: a transport that fails as the `fault` block of its provider says. It stands where the network
 * stands, so that failover, breakers and budgets cannot tell a rehearsal from the real thing.
 *
 * Only calls to models fail. The model list, which readiness is made of, is left alone.
 */
import type { FaultConfig } from "@penstock/schema/config/Fault"
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Random from "effect/Random"
import type { Protocol } from "../../protocols/Protocol.ts"
import type { Receiver, Transport, TransportRequest } from "../Transport.ts"
import * as BreakingReceiver from "./BreakingReceiver.ts"
import * as FaultAnswer from "./FaultAnswer.ts"

const broke = (where: string): GatewayError.GatewayError =>
  GatewayError.make("network", `the connection broke ${where}, on purpose (the provider's \`fault\`)`)

/** The provider's exchange, until the fault ends it. */
const breaking = (inner: Transport, protocol: Protocol, fault: FaultConfig) => {
  const { cut_after: cut = Number.POSITIVE_INFINITY, stall_after: stall = Number.POSITIVE_INFINITY } = fault
  // A connection that ends does so in silence too: of two at the same place, the one that can be seen.
  const end = cut <= stall ? Effect.fail(broke("within the answer")) : Effect.never
  return (request: TransportRequest, receiver: Receiver): Effect.Effect<void, GatewayError.GatewayError> =>
    Effect.suspend(() => {
      const reached = Deferred.unsafeMake<void>(FiberId.none)
      const between = BreakingReceiver.make(protocol.framing, fault, receiver, () =>
        Deferred.unsafeDone(reached, Effect.void)
      )
      // The one that loses is interrupted: a provider whose answer is broken off is hung up on.
      return inner.exchange(request, between).pipe(
        Effect.raceFirst(Deferred.await(reached)),
        Effect.flatMap(() => (between.isBroken() ? end : Effect.sync(between.end)))
      )
    })
}

const breaksStreams = ({ cut_after, malformed_after, stall_after }: FaultConfig): boolean =>
  cut_after !== undefined || malformed_after !== undefined || stall_after !== undefined

/** What happens to a call that the fault befalls, its delay over. */
const faulty = (inner: Transport, protocol: Protocol, fault: FaultConfig): Transport["exchange"] => {
  if (fault.reset) return () => Effect.fail(broke("before the answer"))
  const { status } = fault
  if (status !== undefined) {
    return (_, receiver) =>
      Effect.sync(() => {
        receiver.onHead(status, FaultAnswer.headers(fault), () => {})
        receiver.onChunk(FaultAnswer.body(protocol.id, status))
      })
  }
  return breaksStreams(fault) ? breaking(inner, protocol, fault) : inner.exchange
}

/**
 * Whoever stops an exchange stops what the fault makes of it, and not the provider's part alone: that is why the
 * transport does not say that it `stops`, and why the provider's is not asked to.
 */
const withoutStart = ({ onChunk, onConnect, onHead }: Receiver): Receiver => ({
  ...(onConnect === undefined ? {} : { onConnect }),
  onHead,
  onChunk
})

/**
 * The transport, made to fail. Which calls it befalls is drawn in the order of the calls, from the fault's seed where
 * it has one; the draws go on as long as this value is used.
 */
export const make = (inner: Transport, protocol: Protocol, fault: FaultConfig): Transport => {
  const draw = fault.seed === undefined ? Random.next : Random.make(fault.seed).next
  const fails = faulty(inner, protocol, fault)
  const { delay } = fault
  const befall = (request: TransportRequest, receiver: Receiver) => {
    const befallen = Effect.suspend(() => fails(request, receiver))
    if (delay === undefined) return befallen
    // The provider is slow, not hard to reach.
    return Effect.sync(() => receiver.onConnect?.()).pipe(
      Effect.zipRight(Effect.sleep(delay)),
      Effect.zipRight(befallen)
    )
  }
  return {
    exchange: (request, receiver) => {
      const own = withoutStart(receiver)
      if (request.method === "GET") return inner.exchange(request, own)
      return Effect.flatMap(draw, (drawn) =>
        drawn < fault.probability ? befall(request, own) : inner.exchange(request, own)
      )
    }
  }
}
