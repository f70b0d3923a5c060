/**
 * Stands between a provider's answer and its receiver, and breaks the answer where a fault says so. Events are counted
 * as the protocol frames them, however the network has cut them, so that the same fault is the same fault each time.
 * Synchronous: it is on the byte path of the calls that a fault befalls, and of no others.
 */
import type { FaultConfig } from "@penstock/schema/config/Fault"
import type { Protocol } from "../../protocols/Protocol.ts"
import * as Framing from "../../wire/Framing.ts"
import type { Receiver } from "../Transport.ts"

export interface BreakingReceiver extends Receiver {
  /** The answer has been broken off: nothing is passed on any more. */
  readonly isBroken: () => boolean
  /** The source's body has ended well: passes on what follows the last whole event. */
  readonly end: () => void
}

const malformed: { readonly [F in Protocol["framing"]]: Buffer } = {
  sse: Buffer.from('data: {"malformed": on purpose\n\n'),
  ndjson: Buffer.from('{"malformed": on purpose\n')
}

/** Behind how many events the answer breaks off, by whichever of the two comes first. */
const breaksAfter = ({ cut_after, stall_after }: FaultConfig): number =>
  Math.min(cut_after ?? Number.POSITIVE_INFINITY, stall_after ?? Number.POSITIVE_INFINITY)

/** `onBroken` is called once, when the last event before the break has been passed on. */
export const make = (
  framing: Protocol["framing"],
  fault: FaultConfig,
  receiver: Receiver,
  onBroken: () => void
): BreakingReceiver => {
  const last = breaksAfter(fault)
  const splitter = Framing.make(framing)
  let streamed = false
  let broken = false
  let events = 0

  const breakOff = (): void => {
    broken = true
    onBroken()
  }

  /** The frames of a chunk up to the break, the malformed one among them where it belongs. */
  const passed = (chunk: Uint8Array): ReadonlyArray<Buffer> => {
    const out: Array<Buffer> = []
    for (const raw of splitter.push(chunk)) {
      out.push(raw)
      // Comments and keep-alives are no events.
      if (Framing.parse(framing, raw) === null) continue
      events += 1
      if (events === fault.malformed_after) out.push(malformed[framing])
      if (events === last) break
    }
    return out
  }

  return {
    ...receiver,
    isBroken: () => broken,
    onHead: (status, headers, resume) => {
      receiver.onHead(status, headers, resume)
      // As the attempt reads it: whatever is not JSON is a stream.
      streamed = !String(headers["content-type"] ?? "").includes("application/json")
      if (streamed ? last === 0 : last < Number.POSITIVE_INFINITY) breakOff()
      else if (streamed && fault.malformed_after === 0) receiver.onChunk(malformed[framing])
    },
    onChunk: (chunk) => {
      // The source is about to be interrupted, and need not hurry.
      if (broken) return "pause"
      if (!streamed) return receiver.onChunk(chunk)
      const out = passed(chunk)
      const next = out.length === 0 ? "more" : receiver.onChunk(Buffer.concat(out))
      if (events < last || next === "enough") return next
      breakOff()
      return "pause"
    },
    end: () => {
      const rest = splitter.rest()
      if (!broken && rest.length > 0) receiver.onChunk(rest)
    }
  }
}
