/** Answers that were cut somewhere, and what it takes for events to be a stream. */
import { assert } from "@effect/vitest"
import { Transcript } from "@penstock/gateway/exchange/Transcript"
import type { Filter } from "@penstock/gateway/failover/Splice"
import type { AssistantPart } from "@penstock/schema/ChatRequest"
import type { Completion } from "@penstock/schema/Completion"
import type { StreamEvent } from "@penstock/schema/StreamEvent"
import { buckets } from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"
import { completion, stream, type Wire } from "../protocols/completions.ts"

/** All that any provider can give. */
export const everything: Wire = {
  parts: ["reasoning", "text", "refusal", "tool-call"],
  order: "any",
  reasoning: { max: 3, signed: ["anthropic-messages"], unsigned: true },
  arguments: "text",
  finishReasons: ["stop", "length", "tool_calls", "content_filter"],
  stopSequence: true,
  buckets,
  usageOptional: true
}

export interface Broken {
  readonly completion: Completion
  /** What the caller got of it: at least the start, and not the finish. */
  readonly sent: ReadonlyArray<StreamEvent>
  /** The same answer once more, its texts cut in other places. */
  readonly again: ReadonlyArray<StreamEvent>
}

export const broken = (wire: Wire): fc.Arbitrary<Broken> =>
  completion(wire).chain((completion) =>
    fc.record({ events: stream(completion), again: stream(completion), at: fc.nat() }).map(({ again, at, events }) => ({
      completion,
      sent: events.slice(0, 1 + (at % (events.length - 1))),
      again
    }))
  )

export const transcriptOf = (events: ReadonlyArray<StreamEvent>): Transcript => {
  const transcript = new Transcript()
  for (const event of events) transcript.record(event)
  return transcript
}

/** What a filter lets through; null when it disagrees, together with what it let through before. */
export const filtered = (
  filter: Filter,
  events: Iterable<StreamEvent>
): { readonly passed: ReadonlyArray<StreamEvent>; readonly disagrees: boolean } => {
  const passed: Array<StreamEvent> = []
  for (const event of events) {
    const out = filter.write(event)
    if (out === "disagrees") return { passed, disagrees: true }
    passed.push(...out)
  }
  return { passed, disagrees: false }
}

/** Parts are opened once, in order, filled while they are open and closed once; start and finish come once, at the ends. */
export const assertStream = (events: ReadonlyArray<StreamEvent>): void => {
  const state: Array<"open" | "closed"> = []
  for (const [position, event] of events.entries()) {
    if (event.type === "start") assert.strictEqual(position, 0)
    else if (event.type === "finish") {
      assert.strictEqual(position, events.length - 1)
      assert.notInclude(state, "open")
    } else if ("index" in event) {
      if (event.type.endsWith("-start")) {
        assert.strictEqual(event.index, state.length)
        state.push("open")
      } else {
        assert.strictEqual(state[event.index], "open")
        if (event.type.endsWith("-end")) state[event.index] = "closed"
      }
    }
  }
}

/** An answer's text of a kind, wherever it was cut into parts. */
export const textOf = (content: ReadonlyArray<AssistantPart>, type: "text" | "refusal" | "reasoning"): string =>
  content.flatMap((part) => (part.type === type ? [part.text] : [])).join("")

/** What an answer says apart from its reasoning: texts that nothing separates are one. */
export const said = (content: ReadonlyArray<AssistantPart>): ReadonlyArray<string> => {
  const all: Array<string> = []
  let last = ""
  for (const part of content) {
    if (part.type === "reasoning" || (part.type !== "tool-call" && part.text === "")) continue
    if (part.type === "tool-call") all.push(`call ${part.name}(${part.arguments})`)
    else if (last === part.type) all.push((all.pop() ?? "") + part.text)
    else all.push(`${part.type} ${part.text}`)
    last = part.type
  }
  return all
}
