/** What an answer says, read from the bytes of it that a caller was given. */
import { type StreamEvent, unfold } from "@penstock/schema/StreamEvent"
import * as Either from "effect/Either"
import * as Json from "../wire/Json.ts"
import * as Relay from "../wire/Relay.ts"
import type { Protocol } from "./Protocol.ts"

export interface Read {
  readonly events: ReadonlyArray<StreamEvent>
  /** Whether all of it could be read. */
  readonly isSound: boolean
}

const ofWhole = (protocol: Protocol, bytes: Buffer): Read =>
  Either.match(protocol.decode(Json.parse(bytes.toString("utf8"))), {
    onLeft: () => ({ events: [], isSound: false }),
    onRight: (completion) => ({ events: [...unfold(completion)], isSound: true })
  })

/** `protocol` is the caller's dialect as a provider speaks it. */
export const events = (protocol: Protocol, stream: boolean, bytes: Buffer): Read => {
  if (!stream) return ofWhole(protocol, bytes)
  const relay = Relay.toEvents(protocol)
  const read = relay.push(bytes) ?? []
  return relay.seen.failure === null
    ? { events: [...read, ...(relay.end() ?? [])], isSound: true }
    : { events: read, isSound: false }
}
